//! `help`: texts on what concerns many commands, and the help of each.

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::engine::CompletionCandidate;

use super::man;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// A text on what concerns many commands.
struct Topic {
    name: &'static str,
    /// What it is about, in a few words.
    about: &'static str,
    text: &'static str,
}

const TOPICS: [Topic; 6] = [
    Topic {
        name: "environment",
        about: "variables, profiles, and which of them wins",
        text: include_str!("help/environment.txt"),
    },
    Topic {
        name: "exit-codes",
        about: "what each exit code means",
        text: include_str!("help/exit-codes.txt"),
    },
    Topic {
        name: "keys",
        about: "how keys are written, and those of Flask-Caching",
        text: include_str!("help/keys.txt"),
    },
    Topic { name: "output", about: "formats, and what JSON promises", text: include_str!("help/output.txt") },
    Topic {
        name: "routing",
        about: "how the server of a key is chosen",
        text: include_str!("help/routing.txt"),
    },
    Topic {
        name: "security",
        about: "secrets, protected profiles, and what is never done",
        text: include_str!("help/security.txt"),
    },
];

/// Explain a topic or a command
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier help\n  cachier help routing\n  cachier help profile add")]
pub struct HelpArgs {
    /// A topic, or a command with its own command [default: all of them]
    #[arg(value_name = "TOPIC", add = ArgValueCandidates::new(candidates))]
    topic: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A topic that there is not.
pub fn run(output: &mut Output, args: &HelpArgs, mut grammar: clap::Command) -> Result<Exit, Failure> {
    grammar.build();
    let named = |topic: &&Topic| matches!(args.topic.as_slice(), [name] if name == topic.name);
    if let Some(topic) = TOPICS.iter().find(named) {
        output.raw(topic.text.as_bytes());
        return Ok(Exit::Done);
    }
    let command = man::find(&grammar, &args.topic).map_err(|failure| {
        let names = TOPICS.map(|topic| topic.name);
        failure.hint(format!("topics are {}; cachier --help lists the commands", names.join(", ")))
    })?;
    let mut text = command.clone().render_long_help().to_string();
    if args.topic.is_empty() {
        text.push_str("\nTopics (cachier help TOPIC):\n");
        for topic in &TOPICS {
            text.extend(["  ", topic.name, &" ".repeat(13 - topic.name.len()), topic.about, "\n"]);
        }
    }
    output.raw(text.as_bytes());
    Ok(Exit::Done)
}

/// The topics, for completion.
fn candidates() -> Vec<CompletionCandidate> {
    let candidate = |topic: &Topic| CompletionCandidate::new(topic.name).help(Some(topic.about.into()));
    TOPICS.iter().map(candidate).collect()
}
