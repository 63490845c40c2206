//! Times side by side, with their ratios.

use std::time::Instant;

/// The name of a measured function, and one round of it.
pub type Candidate<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// Prints the time of one item of each candidate, the number of items per second,
/// and the ratio of the time to that of the first. The fastest of several rounds
/// counts, in which all candidates take turns.
#[allow(clippy::print_stdout, reason = "the figures are its purpose")]
pub fn compare(title: &str, items: usize, mut candidates: Vec<Candidate<'_>>) {
    const ROUNDS: usize = 9;
    let mut fastest = vec![f64::INFINITY; candidates.len()];
    for _ in 0..ROUNDS {
        for ((_, work), fastest) in candidates.iter_mut().zip(&mut fastest) {
            let begin = Instant::now();
            work();
            *fastest = fastest.min(begin.elapsed().as_secs_f64());
        }
    }
    println!("{title:<60}       ns  million/s  ratio");
    for ((name, _), seconds) in candidates.iter().zip(&fastest) {
        let each = seconds * 1e9 / items as f64;
        let ratio = seconds / fastest[0];
        println!("  {name:<58} {each:>8.3} {:>10.1} {ratio:>6.2}", 1e3 / each);
    }
    println!();
}
