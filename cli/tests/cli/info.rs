//! `zkroll info`.

use std::collections::BTreeSet;

use crate::common::{NO_GPU, assert_refused, json, json_with, zkroll};

#[test]
fn the_default_circuit_keeps_its_bounds() {
    let info = json(&["info"]);
    let keys: BTreeSet<&str> = info
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = BTreeSet::from([
        "accounts_log2",
        "backends",
        "blob_constraints",
        "circuit_digest",
        "columns",
        "columns_in_a",
        "columns_in_b",
        "constraints",
        "constraints_per_l1_slot",
        "constraints_per_record_slot",
        "constraints_per_transfer",
        "creations",
        "depth",
        "domain_log2",
        "fee_slots",
        "form",
        "l1_slots",
        "proving_key_bytes",
        "public_data_constraints_per_transfer",
        "template_bytes",
        "transfers",
        "withdrawals",
    ]);
    assert_eq!(keys, expected);
    let shape = ["depth", "transfers", "fee_slots", "accounts_log2"].map(|key| info[key].as_u64());
    assert_eq!(shape, [11, 8, 2, 33].map(Some));

    let share = |part: &str| info[part].as_f64().unwrap() / info["columns"].as_f64().unwrap();
    assert!(share("columns_in_a") < 0.71 && share("columns_in_b") < 0.66);

    let per_transfer = info["constraints_per_transfer"].as_f64().unwrap();
    assert!((1.0..=25_000.0).contains(&per_transfer), "{per_transfer}");
    let public_data = info["public_data_constraints_per_transfer"]
        .as_f64()
        .unwrap();
    assert!((1.0..=100.0).contains(&public_data), "{public_data}");
    let rows = info["constraints"].as_u64().unwrap() + 4;
    assert!(rows as f64 > 8.0 * per_transfer);
    assert_eq!(info["domain_log2"], rows.next_power_of_two().ilog2());
    let digest = info["circuit_digest"].as_str().unwrap();
    assert!(
        digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()),
        "{digest}"
    );
}

#[test]
fn every_backend_is_listed_with_the_reason_why_not() {
    let info = json(&["info", "--depth", "1"]);
    let backends = info["backends"].as_array().unwrap();
    let names: Vec<_> = backends
        .iter()
        .map(|backend| backend["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["naive", "ark", "cpu", "ifma", "gpu"]);
    for backend in backends {
        let available = backend["available"].as_bool().unwrap();
        assert_eq!(backend["reason"].is_null(), available, "{backend}");
        let is_device = available && backend["name"] == "gpu";
        assert_eq!(backend["detail"].is_string(), is_device, "{backend}");
    }
    assert_eq!(backends[1]["available"], true);

    let without = json_with(&[NO_GPU], &["info", "--depth", "1"]);
    let gpu = &without["backends"][4];
    assert_eq!(
        (&gpu["name"], &gpu["available"]),
        (&"gpu".into(), &false.into())
    );
    assert!(
        gpu["detail"].is_null() && gpu["reason"].is_string(),
        "{gpu}"
    );
}

#[test]
fn templates_do_not_grow_with_the_transfers() {
    let of = |transfers| json(&["info", "--transfers", transfers]);
    let (few, many) = (of("16"), of("256"));
    assert_eq!(few["template_bytes"], many["template_bytes"]);
    assert_ne!(few["constraints"], many["constraints"]);
    assert_ne!(few["circuit_digest"], many["circuit_digest"]);
}

#[test]
fn the_parts_add_up_to_the_whole() {
    let info = json(&["info", "--depth", "2", "--transfers", "3", "--parts"]);
    let parts = info["parts"].as_array().unwrap();
    let sum: u64 = parts
        .iter()
        .map(|part| part["copies"].as_u64().unwrap() * part["constraints"].as_u64().unwrap())
        .sum();
    assert_eq!(info["constraints"], sum);
    let copies = |template| {
        let part = parts
            .iter()
            .find(|part| part["template"] == template)
            .unwrap();
        part["copies"].as_u64().unwrap()
    };
    assert_eq!((copies("transfer"), copies("fee")), (3, 2));
}

#[test]
fn text_says_what_json_says() {
    let args = ["info", "--depth", "2", "--transfers", "1", "--parts"];
    let output = zkroll(&args);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let info = json(&args);
    for key in [
        "constraints",
        "template_bytes",
        "proving_key_bytes",
        "circuit_digest",
    ] {
        let value = info[key].to_string();
        assert!(
            text.contains(value.trim_matches('"')),
            "{key} {value} in {text}"
        );
    }
    assert!(text.contains("signature/variable_base"), "{text}");
}

#[test]
fn shapes_without_a_circuit_are_refused() {
    assert_refused(
        &["info", "--depth", "12"],
        &["expected a depth of 1 to 11", "got 12"],
    );
    assert_refused(&["info", "--transfers", "0"], &["transfer slots", "got 0"]);
    assert_refused(&["info", "--fee-slots", "99"], &["fee slots", "got 99"]);
    // More rows than the field has roots of unity.
    assert_refused(&["info", "--transfers", "16384"], &["2^28", "got 372"]);
}

#[test]
fn a_wrong_command_line_has_its_own_exit_status() {
    for args in [&["info", "--depth", "many"][..], &["inform"], &[]] {
        let output = zkroll(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{args:?}"
        );
    }
}
