//! Draws on the screen of a desktop, or in a browser.

/// A length on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels(pub u32);

/// Where this build draws.
pub fn surface() -> &'static str {
    if cfg!(feature = "web") {
        "canvas"
    } else {
        "window"
    }
}
