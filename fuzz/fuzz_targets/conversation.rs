//! The embedded server's connections: nothing panics or stands still, and cuts in the input change no answer.
#![no_main]

use cachier::dev::Authentication;
use cachier::dev::Config;
use cachier::dev::Credentials;
use cachier::dev::conversation::Conversation;
use libfuzzer_sys::fuzz_target;

/// What differs from run to run, or from cut to cut as it does with memcached.
fn is_comparable(bytes: &[u8]) -> bool {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    // Counters tell of reads, events of the time; a line that does not end is judged by what is there of it.
    let tells = has(b"stat") || has(b"watch") || bytes.first() == Some(&0x80) && bytes.contains(&0x10);
    !tells && bytes.len() < 2048
}

fn conversation(config: &Config) -> Conversation {
    Conversation::new(config, 2).expect("a server in memory should start")
}

fuzz_target!(|input: &[u8]| {
    let &[shape, cut, ref bytes @ ..] = input else { return };
    let authentication = match shape % 4 {
        0 | 1 => None,
        2 => Some(Authentication::Sasl),
        _ => Some(Authentication::Text),
    };
    let credentials = authentication.map(|authentication| Credentials {
        authentication,
        username: "u".to_owned(),
        password: "p".to_owned(),
    });
    let config = Config { credentials, memory_limit: 1 << 20, item_size_max: 4096, ..Config::default() };

    let mut whole = conversation(&config);
    let mut answer = whole.say(0, bytes);
    let is_open = whole.is_open(0);
    answer.extend(whole.hang_up(0));

    // In pieces, to a client that takes little at a time, while time passes and another one watches.
    let step = usize::from(cut).max(1);
    let mut slow = conversation(&config);
    slow.say(1, b"watch fetchers mutations evictions connevents deletions\n");
    for piece in bytes.chunks(step) {
        slow.say_and_take(0, piece, step);
        slow.wait(u32::from(shape));
    }
    slow.hang_up(0);
    assert!(!slow.is_open(0));

    if is_open && is_comparable(bytes) {
        let mut pieces = conversation(&config);
        let mut answers: Vec<u8> = bytes.chunks(step).flat_map(|piece| pieces.say(0, piece)).collect();
        assert!(pieces.is_open(0));
        answers.extend(pieces.hang_up(0));
        assert_eq!(answers.escape_ascii().to_string(), answer.escape_ascii().to_string());
    }
});
