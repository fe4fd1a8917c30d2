//! The command line: every command, and the one `match` that runs it.

mod dashed;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::FromArgMatches as _;
use clap::Parser;
use clap::Subcommand;
use clap::error::ErrorKind;

use crate::commands;
use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::record::ErrorDocument;
use crate::output::record::ErrorRecord;
use crate::settings;
use crate::settings::Environment;
use crate::settings::Flags;
use crate::settings::Settings;
use crate::settings::SettingsError;

/// Command-line administration of memcached for Flask and other applications
#[derive(Parser, Debug)]
#[command(name = "cachier", version, max_term_width = 110, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 not there, 2 usage, 3 unreachable, 4 refused login, 5 server error, \
    6 partly done, 7 check failed, 8 unsafe"
)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

/// Every command; each is one file of `commands`.
#[derive(Subcommand, Debug)]
enum Command {
    Get(commands::get::GetArgs),
    Set(commands::set::SetArgs),
    /// Store a value only if the key is absent
    Add(commands::set::StoreArgs),
    /// Store a value only if the key is present
    Replace(commands::set::StoreArgs),
    /// Put bytes behind the present value
    Append(commands::set::StoreArgs),
    /// Put bytes before the present value
    Prepend(commands::set::StoreArgs),
    #[command(visible_aliases = ["del", "rm"])]
    Delete(commands::delete::DeleteArgs),
    Touch(commands::touch::TouchArgs),
    /// Add to a stored number and print the new one
    Incr(commands::arithmetic::ArithmeticArgs),
    /// Subtract from a stored number and print the new one
    Decr(commands::arithmetic::ArithmeticArgs),
    Exists(commands::exists::ExistsArgs),
    #[command(visible_alias = "ttl")]
    Meta(commands::meta::MetaArgs),
    Decode(commands::decode::DecodeCommandArgs),
    ViewKey(commands::view_key::ViewKeyArgs),
    InvalidateView(commands::invalidate_view::InvalidateViewArgs),
    FragmentKey(commands::fragment_key::FragmentKeyArgs),
    InvalidateFragment(commands::invalidate_fragment::InvalidateFragmentArgs),
    InvalidateMemo(commands::invalidate_memo::InvalidateMemoArgs),
    MemoKey(commands::memo_key::MemoKeyArgs),
    Memo(commands::memo::MemoCommandArgs),
    SessionKey(commands::session_key::SessionKeyArgs),
    Session(commands::session::SessionCommandArgs),
    Explain(commands::explain::ExplainArgs),
    Edit(commands::edit::EditArgs),
    #[command(visible_alias = "scan")]
    Keys(commands::keys::KeysArgs),
    Sizes(commands::sizes::SizesArgs),
    Purge(commands::purge::PurgeArgs),
    Dump(commands::dump::DumpArgs),
    Restore(commands::restore::RestoreArgs),
    Copy(commands::copy::CopyArgs),
    Undo(commands::undo::UndoArgs),
    Journal(commands::journal::JournalArgs),
    Flush(commands::flush::FlushArgs),
    Where(commands::locate::WhereArgs),
    Stats(commands::stats::StatsArgs),
    Check(commands::check::CheckCommandArgs),
    #[command(visible_alias = "probe")]
    Latency(commands::latency::LatencyArgs),
    Top(commands::top::TopArgs),
    Tail(commands::tail::TailArgs),
    Measure(commands::measure::MeasureArgs),
    Exporter(commands::exporter::ExporterArgs),
    Doctor(commands::doctor::DoctorArgs),
    Ping(commands::ping::PingArgs),
    Wait(commands::wait::WaitArgs),
    Version(commands::version::VersionArgs),
    Servers(commands::servers::ServersArgs),
    Capabilities(commands::capabilities::CapabilitiesArgs),
    Dev(commands::dev::DevArgs),
    Demo(commands::demo::DemoArgs),
    Profile(commands::profile::ProfileArgs),
    Config(commands::config::ConfigArgs),
    Shell(commands::shell::ShellArgs),
    Completions(commands::completions::CompletionsArgs),
    Man(commands::man::ManArgs),
    Help(commands::help::HelpArgs),
}

impl Command {
    /// Whether the command works with settings that are not understood, as help must.
    fn needs_no_settings(&self) -> bool {
        matches!(self, Self::Completions(_) | Self::Help(_) | Self::Man(_))
    }
}

/// The help of every command with its examples before its flags.
fn laid_out(command: clap::Command) -> clap::Command {
    const TEMPLATE: &str = "{about}{after-help}\n\n{usage-heading} {usage}\n\n{all-args}";
    command.mut_subcommands(|command| laid_out(command.help_template(TEMPLATE)))
}

/// Runs the program; a panic is a bug and ends with its own exit code.
#[must_use]
pub fn main() -> ExitCode {
    std::panic::catch_unwind(start).unwrap_or(ExitCode::from(Exit::Bug.code()))
}

fn start() -> ExitCode {
    let arguments = settings::arguments();
    let environment = Environment::of_process();
    if let Some(shell) = environment.get(commands::completions::VARIABLE) {
        return ExitCode::from(complete(&shell, &arguments).code());
    }
    let arguments = dashed::sorted(Cli::command, arguments);
    let parsed = laid_out(Cli::command())
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(usage(&error, &arguments).code()),
    };
    let mut output = Output::standard(cli.flags.quiet, cli.flags.verbose);
    if environment.is_on(settings::TERMINAL_VARIABLE) {
        output.assume_terminal();
    }
    ExitCode::from(run(cli, environment, output).code())
}

/// Tells a shell which words fit its command line.
fn complete(shell: &str, arguments: &[OsString]) -> Exit {
    let mut output = Output::standard(false, 0);
    match commands::completions::answer(&mut output, shell, arguments, Cli::command()) {
        Ok(exit) => finish(&mut output, exit),
        Err(failure) => fail(&mut output, false, &failure),
    }
}

/// Resolves the settings, runs the command and says what went wrong.
fn run(cli: Cli, environment: Environment, mut output: Output) -> Exit {
    let json = wants_json(&cli.flags, &environment);
    if let Command::Config(args) = &cli.command
        && args.is_path()
    {
        let path = settings::config_path(&cli.flags, &environment).value;
        commands::config::print_path(&mut output, &path, json);
        return finish(&mut output, Exit::Done);
    }
    let mut resolved = resolve(&cli.flags, &environment);
    if resolved.is_err() && cli.command.needs_no_settings() {
        resolved = resolve(&Flags::default(), &Environment::default());
    }
    let settings = match resolved {
        Ok(settings) => settings,
        Err(error) => {
            if let Command::Check(args) = &cli.command
                && args.is_plugin()
            {
                let exit = commands::check::unknown(&mut output, &error.to_string());
                return finish(&mut output, exit);
            }
            return fail(&mut output, json, &error.into());
        }
    };
    for note in &settings.notes {
        output.note(note);
    }
    execute(&mut Context::new(settings, output, cli.flags, environment), &cli.command)
}

/// Runs a command and says what went wrong.
fn execute(context: &mut Context, command: &Command) -> Exit {
    let result = dispatch(context, command);
    context.closing_notes();
    let json = wants_json(&context.flags, &context.environment);
    match result {
        Ok(exit) => finish(&mut context.output, exit),
        Err(failure) => fail(&mut context.output, json, &failure),
    }
}

/// Runs a line of the shell: over the connections that are there, unless it names others.
fn interpret(context: &mut Context, words: &[OsString]) -> Exit {
    let words = dashed::sorted(Cli::command, words.to_vec());
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &words),
    };
    let flags = cli.flags.over(&context.flags);
    let json = wants_json(&flags, &context.environment);
    if matches!(cli.command, Command::Shell(_)) {
        return fail(&mut context.output, json, &Failure::usage("this is a shell already"));
    }
    let others = if flags.mean_the_same(&context.flags) {
        None
    } else {
        match resolve(&flags, &context.environment) {
            Ok(settings) => Some(settings),
            Err(error) => return fail(&mut context.output, json, &error.into()),
        }
    };
    context.output.speak(flags.quiet, flags.verbose);
    let exit = context.with(flags, others, |context| execute(context, &cli.command));
    context.output.speak(context.flags.quiet, context.flags.verbose);
    exit
}

/// Whether errors are to be JSON documents too.
fn wants_json(flags: &Flags, environment: &Environment) -> bool {
    flags.output == Some(crate::output::Format::Json)
        || (flags.output.is_none() && environment.get("CACHIER_OUTPUT").as_deref() == Some("json"))
}

/// Resolves the settings; a password that is piped in comes before keys and values that are.
fn resolve(flags: &Flags, environment: &Environment) -> Result<Settings, SettingsError> {
    let mut settings = settings::resolve(flags, environment)?;
    settings.take_password_from_stdin()?;
    Ok(settings)
}

fn dispatch(context: &mut Context, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Get(args) => commands::get::run(context, args),
        Command::Set(args) => commands::set::run(context, args),
        Command::Add(args) => commands::set::store(context, args, "add"),
        Command::Replace(args) => commands::set::store(context, args, "replace"),
        Command::Append(args) => commands::set::store(context, args, "append"),
        Command::Prepend(args) => commands::set::store(context, args, "prepend"),
        Command::Delete(args) => commands::delete::run(context, args),
        Command::Touch(args) => commands::touch::run(context, args),
        Command::Incr(args) => commands::arithmetic::increment(context, args),
        Command::Decr(args) => commands::arithmetic::decrement(context, args),
        Command::Exists(args) => commands::exists::run(context, args),
        Command::Meta(args) => commands::meta::run(context, args),
        Command::Decode(args) => commands::decode::run(context, args),
        Command::ViewKey(args) => commands::view_key::run(context, args),
        Command::InvalidateView(args) => commands::invalidate_view::run(context, args),
        Command::FragmentKey(args) => commands::fragment_key::run(context, args),
        Command::InvalidateFragment(args) => commands::invalidate_fragment::run(context, args),
        Command::InvalidateMemo(args) => commands::invalidate_memo::run(context, args),
        Command::MemoKey(args) => commands::memo_key::run(context, args),
        Command::Memo(args) => commands::memo::run(context, args),
        Command::SessionKey(args) => commands::session_key::run(context, args),
        Command::Session(args) => commands::session::run(context, args),
        Command::Explain(args) => commands::explain::run(context, args),
        Command::Edit(args) => commands::edit::run(context, args),
        Command::Keys(args) => commands::keys::run(context, args),
        Command::Sizes(args) => commands::sizes::run(context, args),
        Command::Purge(args) => commands::purge::run(context, args),
        Command::Dump(args) => commands::dump::run(context, args),
        Command::Restore(args) => commands::restore::run(context, args),
        Command::Copy(args) => commands::copy::run(context, args),
        Command::Undo(args) => commands::undo::run(context, args),
        Command::Journal(args) => commands::journal::run(context, args),
        Command::Flush(args) => commands::flush::run(context, args),
        Command::Where(args) => commands::locate::run(context, args),
        Command::Stats(args) => commands::stats::run(context, args),
        Command::Check(args) => commands::check::run(context, args),
        Command::Latency(args) => commands::latency::run(context, args),
        Command::Exporter(args) => commands::exporter::run(context, args),
        Command::Top(args) => commands::top::run(context, args),
        Command::Tail(args) => commands::tail::run(context, args),
        Command::Measure(args) => commands::measure::run(context, args),
        Command::Ping(args) => commands::ping::run(context, args),
        Command::Doctor(args) => commands::doctor::run(context, args),
        Command::Wait(args) => commands::wait::run(context, args),
        Command::Capabilities(args) => commands::capabilities::run(context, args),
        Command::Version(args) => commands::version::run(context, args),
        Command::Servers(args) => commands::servers::run(context, args),
        Command::Dev(args) => commands::dev::run(context, args),
        Command::Demo(args) => commands::demo::run(context, args),
        Command::Profile(args) => commands::profile::run(context, args),
        Command::Config(args) => commands::config::run(context, args),
        Command::Shell(args) => {
            let interpreter = commands::shell::Interpreter { grammar: Cli::command, run: interpret };
            commands::shell::run(context, args, interpreter)
        }
        Command::Completions(args) => commands::completions::run(&mut context.output, args),
        Command::Man(args) => commands::man::run(&mut context.output, args, Cli::command()),
        Command::Help(args) => commands::help::run(&mut context.output, args, laid_out(Cli::command())),
    }
}

/// Says what went wrong, on stderr and as JSON where that was asked for.
fn fail(output: &mut Output, json: bool, failure: &Failure) -> Exit {
    if !failure.told {
        output.error(&failure.message);
        if let Some(hint) = &failure.hint {
            output.hint(hint);
        }
    }
    if json {
        output.document(&ErrorDocument::new(ErrorRecord {
            kind: failure.exit.kind(),
            message: &failure.message,
            hint: failure.hint.as_deref(),
            server: failure.server.as_deref(),
            exit_code: failure.exit.code(),
        }));
    }
    finish(output, failure.exit)
}

/// Writes out what is buffered; a reader that has gone away is a quiet end.
fn finish(output: &mut Output, exit: Exit) -> Exit {
    match output.finish() {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            output.error(&format!("cannot write to standard output: {error}"));
            Exit::Bug
        }
    }
}

/// A command line that is not understood, or help and version.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let environment = Environment::of_process();
    let has = |names: &[&str]| {
        arguments
            .iter()
            .take_while(|argument| *argument != "--")
            .any(|argument| names.iter().any(|name| argument == name))
    };
    let mut output = Output::standard(has(&["-q", "--quiet"]), 0);
    let text = error.render();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let plain = !output.is_terminal() || environment.get("NO_COLOR").is_some() || has(&["--color=never"]);
        let text = if plain { text.to_string() } else { text.ansi().to_string() };
        output.raw(text.as_bytes());
        return finish(&mut output, Exit::Done);
    }
    let text = text.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output.help(&text);
        return Exit::Usage;
    }
    let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let chosen = |pair: &[OsString]| matches!(pair, [flag, format] if (flag == "-o" || flag == "--output") && format == "json");
    let wants_json = arguments.windows(2).any(chosen)
        || has(&["-ojson", "-o=json", "--output=json"])
        || environment.get("CACHIER_OUTPUT").as_deref() == Some("json");
    if wants_json {
        // The list of what is missing or possible belongs to the message, the usage line does not.
        let tip = message.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        let hint = tip.unwrap_or("see cachier --help").to_owned();
        let message = message.split("\n\n").next().unwrap_or_default();
        let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        return fail(&mut output, true, &Failure::usage(message).hint(hint));
    }
    output.usage(message);
    Exit::Usage
}
