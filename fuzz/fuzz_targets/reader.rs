#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| poolroll_fuzz::reader(bytes));
