//! The methods of the object `certkeeper`: what each takes, who may call it, and which command does
//! it. luci-app-certkeeper's ACL says the same of who may (tests hold them together).

use super::args::{Args, Refusal};
use super::command::{Command, unsaved};
use crate::ubus::blob::Kind;

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever may look.
    Read,
    /// Whoever may change things.
    Write,
}

/// One method.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The arguments that are looked at; others are ignored.
    pub args: &'static [(&'static str, Kind)],
    pub(super) work: Work,
}

/// What a call sets in motion.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// A command's document is the answer.
    Ask(fn(&Args<'_>) -> Result<Command, Refusal>),
    /// A command is put in the queue; its job's number is the answer.
    Start(fn(&Args<'_>) -> Result<Command, Refusal>),
    /// How a job fares.
    Job,
    /// A job is to end.
    Cancel,
    /// The programs that may be hooks.
    Hooks,
}

use Kind::{Bool, Int32, String as Text, Table};

/// Method and command: the jobs are told beside the sections.
pub(super) const STATUS: &str = "status";

const SECTION: (&str, Kind) = ("section", Text);
const ACTION: (&str, Kind) = ("action", Text);
const JOB: (&str, Kind) = ("job", Int32);

/// Every method.
pub const METHODS: &[Method] = &[
    ask(STATUS, &[SECTION], |args| {
        Ok(Command::new(STATUS).section(args.optional("section")?))
    }),
    ask("certificate", &[SECTION, ("pem", Bool)], |args| {
        let command = Command::new("show").switch("--pem", args.flag("pem")?);
        Ok(command.section(Some(args.text("section")?)))
    }),
    ask("log", &[SECTION, ("lines", Int32)], |args| {
        let command = Command::new("log").value("--lines", args.number("lines")?);
        Ok(command.section(Some(args.text("section")?)))
    }),
    ask("orders", &[SECTION], |args| {
        let command = Command::new("order").word("list");
        Ok(command.section(args.optional("section")?))
    }),
    ask(
        "accounts",
        &[],
        |_| Ok(Command::new("account").word("list")),
    ),
    ask("providers", &[], |_| Ok(Command::new("providers"))),
    ask("cas", &[], |_| Ok(Command::new("cas"))),
    ask("local_ca", &[("pem", Bool)], |args| {
        let what = if args.flag("pem")? { "export" } else { "show" };
        Ok(Command::new("local-ca").word(what))
    }),
    own("hooks", Access::Read, &[], Work::Hooks),
    own("job", Access::Read, &[JOB], Work::Job),
    own("cancel", Access::Write, &[JOB], Work::Cancel),
    start(
        "renew",
        &[SECTION, ("force", Bool), ("test", Bool)],
        |args| {
            let command = Command::new("renew").switch("--force", args.flag("force")?);
            let command = command.switch("--test", args.flag("test")?);
            Ok(command.section(args.optional("section")?))
        },
    ),
    start("check", &[SECTION, ("ca", Bool), ("cert", Table)], |args| {
        let command = Command::new("check").switch("--ca", args.flag("ca")?);
        Ok(match args.table("cert")? {
            None => command.section(args.optional("section")?),
            Some(options) => {
                let section = args.text("section")?;
                let command = command.switch("--stdin", true).section(Some(section));
                command.input(unsaved(section, options)?)
            }
        })
    }),
    start("revoke", &[SECTION, ("reason", Text)], |args| {
        let command = Command::new("revoke").switch("--yes", true);
        let command = command.value("--reason", args.optional("reason")?);
        Ok(command.section(Some(args.text("section")?)))
    }),
    start(
        "account",
        &[("name", Text), ACTION, ("staging", Bool)],
        |args| {
            let actions = ["register", "update", "rollover", "deactivate", "delete"];
            let command = Command::new("account").word(args.one_of("action", &actions)?);
            let command = command.switch("--staging", args.flag("staging")?);
            Ok(command.free(args.text("name")?))
        },
    ),
    start("order", &[SECTION, ACTION], |args| {
        let actions = ["refresh", "finalize", "download", "delete"];
        let command = Command::new("order").word(args.one_of("action", &actions)?);
        Ok(command.section(Some(args.text("section")?)))
    }),
    start(
        "upload",
        &[SECTION, ("certificate", Text), ("key", Text)],
        |args| {
            let command = Command::new("upload").section(Some(args.text("section")?));
            let pem = args
                .long("certificate")?
                .ok_or_else(|| Refusal::missing("certificate"))?;
            let key = args.long("key")?.unwrap_or_default();
            Ok(command.free("-").input(format!("{pem}\n{key}\n")))
        },
    ),
    start("rollback", &[SECTION], |args| {
        Ok(Command::new("rollback").section(Some(args.text("section")?)))
    }),
    start(
        "csr",
        &[SECTION, ("subject", Text), ("new_key", Bool)],
        |args| {
            let command = Command::new("csr").value("--subject", args.optional("subject")?);
            let command = command.switch("--new-key", args.flag("new_key")?);
            Ok(command.section(Some(args.text("section")?)))
        },
    ),
    start("local_ca_reissue", &[], |_| {
        Ok(Command::new("local-ca").word("reissue"))
    }),
    start("import", &[], |_| Ok(Command::new("import").word("acme"))),
];

type Build = fn(&Args<'_>) -> Result<Command, Refusal>;
type Params = &'static [(&'static str, Kind)];

const fn ask(name: &'static str, args: Params, build: Build) -> Method {
    own(name, Access::Read, args, Work::Ask(build))
}

const fn start(name: &'static str, args: Params, build: Build) -> Method {
    own(name, Access::Write, args, Work::Start(build))
}

const fn own(name: &'static str, access: Access, args: Params, work: Work) -> Method {
    Method {
        name,
        access,
        args,
        work,
    }
}
