//! The look that all apps share.

use wgpui::Pixels;

/// The space between two blocks of a page.
pub const GAP: Pixels = Pixels(16);
