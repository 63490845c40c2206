//! The security policy of a page: a browser shows its content and loads nothing else.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The content security policy of a page with one script and one style sheet. Nothing is
/// loaded, and no other script runs, whatever a label contains.
pub(super) fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

/// A PNG image as an address.
pub(super) fn png_address(png: &[u8]) -> String {
    let mut address = "data:image/png;base64,".to_owned();
    STANDARD.encode_string(png, &mut address);
    address
}

/// The address of a file of the report. All characters other than letters, digits and `-._~` are
/// percent-encoded, so that no name becomes a query, a scheme or another directory.
pub(super) fn file_address(name: &str) -> String {
    let mut address = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_escaped_in_addresses() {
        assert_eq!(file_address("loss_over_epoch.png"), "loss_over_epoch.png");
        assert_eq!(file_address("w[5] é#?.svg"), "w%5B5%5D%20%C3%A9%23%3F.svg");
        assert_eq!(file_address("javascript:a/b"), "javascript%3Aa%2Fb");
    }

    #[test]
    fn the_policy_names_the_hashes_of_style_and_script() {
        // The SHA-256 hash of an empty text.
        let empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
        let policy = policy("", "");
        assert!(policy.starts_with("default-src 'none'; "));
        assert_eq!(policy.matches(empty).count(), 2, "{policy}");
    }
}
