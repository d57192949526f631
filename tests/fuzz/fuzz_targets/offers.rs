#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    purvey_fuzz::offers(data);
});
