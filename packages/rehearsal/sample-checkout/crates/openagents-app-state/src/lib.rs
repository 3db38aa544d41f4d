//! What an app shows: one of its pages.

/// The page that a path leads to.
pub fn page_of(path: &str) -> &str {
    match path.trim_matches('/') {
        "" => "home",
        page => page,
    }
}

#[cfg(test)]
mod tests {
    use super::page_of;

    #[test]
    fn the_root_is_home() {
        assert_eq!(page_of("/"), "home");
        assert_eq!(page_of("/login"), "login");
    }
}
