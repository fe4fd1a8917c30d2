//! `profile add`: a profile from flags, from the environment, or from answers.

use clap::Args;

use crate::commands::context::Context;
use crate::failure::Exit;
use crate::failure::Failure;
use crate::output::prompt;
use crate::pool::Pool;
use crate::routing;
use crate::settings;
use crate::settings::Environment;
use crate::settings::Flags;
use crate::settings::Settings;
use crate::settings::Source;
use crate::settings::edit;

/// Write a profile: from flags, from the environment, or asking for it at a terminal
///
/// The flags --servers, --username, --password-file, --routing, --tls and their like say what is written; --from-env takes what
/// MEMCACHIER_SERVERS and its like say. Without servers a terminal is asked. The servers are tried first. Comments and order of the
/// file stay, and only its owner can read it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  cachier profile add production --from-env --protected\n  \
    cachier profile add staging -s mc1:11211,mc2:11211 -u app --password-file pw\n  cachier profile add local")]
pub(super) struct AddArgs {
    /// Its name
    name: String,
    /// Take servers and credentials from the environment
    #[arg(long)]
    from_env: bool,
    /// Demand its name before anything is lost in bulk
    #[arg(long)]
    protected: bool,
    /// Replace a profile of that name
    #[arg(long)]
    force: bool,
    /// Write it without trying the servers
    #[arg(long)]
    no_test: bool,
}

/// Runs the command.
///
/// # Errors
/// A profile that is there, nothing to write, servers that do not answer, or a file that cannot be written.
pub(super) fn run(context: &mut Context, args: &AddArgs) -> Result<Exit, Failure> {
    let (path, file) = settings::profile_file(&context.flags, &context.environment)?;
    let shown = path.value.display().to_string();
    if args.name.is_empty() || args.name.chars().any(char::is_control) {
        return Err(Failure::usage("a profile needs a name of printable characters"));
    }
    if file.profiles.contains_key(&args.name) && !args.force {
        return Err(Failure::usage(format!("there is a profile \"{}\" in {shown} already", args.name))
            .hint("--force replaces it"));
    }
    let given = matches!(context.settings.servers.source, Source::Flag(_) | Source::Variable(_));
    let from_env = matches!(context.settings.servers.source, Source::Variable(_));
    let mut protected = args.protected;
    let mut settings = if args.from_env && !from_env {
        return Err(Failure::usage("no variable of the environment names servers")
            .hint("--from-env reads MEMCACHIER_SERVERS, MEMCACHEDCLOUD_SERVERS, MEMCACHE_SERVERS or CACHIER_SERVERS"));
    } else if given {
        context.settings.clone()
    } else if !context.settings.no_input.value && context.output.can_ask() {
        asked(context, &mut protected)?
    } else {
        return Err(Failure::usage("nothing says which servers the profile has")
            .hint("name them with --servers, or say --from-env"));
    };
    settings.server_list()?;
    settings.routing()?;
    settings.take_password_from_stdin()?;
    if !args.no_test {
        test(context, &settings)?;
    }
    let mut profile = edit::profile_of(&settings);
    if protected {
        profile.insert("protected", true.into());
    }
    edit::write_profile(&path.value, &args.name, profile)?;
    context.output.note(&format!("profile {} is in {shown}", args.name));
    Ok(Exit::Done)
}

/// Tries every server.
fn test(context: &mut Context, settings: &Settings) -> Result<(), Failure> {
    let list = settings.server_list()?.for_routing(&settings.routing()?);
    let endpoints: Vec<_> = list.servers.into_iter().map(|server| server.endpoint).collect();
    let all: Vec<usize> = (0..endpoints.len()).collect();
    let pool = Pool::new(endpoints, settings.pool_options()?);
    let answers = pool.each(&all, |_, server| crate::commands::ping::knock(server));
    let unreached = answers.into_iter().filter_map(|(_, answer)| answer.err()).collect();
    let failures = context.report_unreached(unreached);
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(first.exit, "nothing was written: a server does not answer")
            .hint("--no-test writes the profile all the same")),
    }
}

/// Asks for what a profile needs.
fn asked(context: &Context, protected: &mut bool) -> Result<Settings, Failure> {
    let servers = prompt::line("Servers, separated by commas and in the application's order", None)?;
    let username = prompt::line("User name, empty for none", Some(""))?;
    let mut variables = vec![("CACHIER_SERVERS".to_owned(), servers.into())];
    if !username.is_empty() {
        let password = prompt::secret("Password")?;
        variables.push(("CACHIER_USERNAME".to_owned(), username.into()));
        variables.push(("CACHIER_PASSWORD".to_owned(), password.into()));
    }
    if prompt::confirm("Do the servers speak TLS?", false)? {
        variables.push(("CACHIER_TLS".to_owned(), "1".into()));
    }
    let routings: Vec<(&str, String)> = routing::known_clients()
        .iter()
        .flat_map(|client| client.routings.iter().map(|text| (*text, format!("{text}  ({})", client.about))))
        .collect();
    let texts: Vec<&str> = routings.iter().map(|(_, text)| text.as_str()).collect();
    let usual = routings.iter().position(|(routing, _)| *routing == "pylibmc:ketama").unwrap_or(0);
    let question = "Client of the application, which decides where each key is";
    if let Some((routing, _)) = routings.get(prompt::choose(question, &texts, usual)?) {
        variables.push(("CACHIER_ROUTING".to_owned(), (*routing).into()));
    }
    let version = prompt::line("Version of Flask-Caching, empty if unknown", Some(""))?;
    if !version.is_empty() {
        variables.push(("CACHIER_FLASK_CACHING".to_owned(), version.into()));
    }
    *protected |= prompt::confirm("Is it production, to be protected?", true)?;
    let files = context.environment.of_files();
    let environment = Environment::new(variables).with(files);
    Ok(settings::resolve(&Flags { config: context.flags.config.clone(), ..Flags::default() }, &environment)?)
}
