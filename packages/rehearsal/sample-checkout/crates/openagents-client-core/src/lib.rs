//! What every client needs to talk to the control service.

use openagents_id::identifier;

/// The name of a tab's local store.
pub fn store_name(tab: u32) -> String {
    identifier("tab", tab)
}
