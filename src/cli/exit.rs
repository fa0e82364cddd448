//! Exit codes.

use crate::base::Error;
use crate::run::RunRecord;
use crate::workflow::extend::shortfall;
use std::path::Path;
use std::process::ExitCode;

/// How a command ended without an error.
#[derive(Debug)]
pub(crate) enum Ending {
    /// All is done.
    Done,
    /// The run is finished, but short of the error that its scene wants; says by how much.
    Short(String),
    /// The run was stopped and can be resumed; says how.
    Stopped(String),
    /// As the first rank has ended, with its exit code.
    Elsewhere(u8),
}

impl Ending {
    /// The ending of a finished run.
    pub(super) fn of(record: &RunRecord, directory: &Path) -> Ending {
        shortfall(record, directory).map_or(Ending::Done, Ending::Short)
    }

    /// 0 done, 3 short of the wanted error, 75 stopped.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Ending::Done => ExitCode::SUCCESS,
            Ending::Short(_) => ExitCode::from(3),
            Ending::Stopped(_) => ExitCode::from(75),
            Ending::Elsewhere(code) => ExitCode::from(*code),
        }
    }
}

/// The exit code of an error.
///
/// 2 usage, 65 bad scene or file, 66 input missing, 69 no such device, or a client that computes forces fails, 70 internal, 74 input or output.
pub fn exit_code(error: &Error) -> u8 {
    match error {
        Error::AlreadyExists { .. } | Error::Argument { .. } => 2,
        Error::Scene(_)
        | Error::BadInput { .. }
        | Error::ParquetDamaged { .. }
        | Error::TableDamaged { .. }
        | Error::RecordDamaged { .. }
        | Error::NotPositive { .. }
        | Error::OutsideTable { .. } => 65,
        Error::InputMissing { .. } | Error::NothingStored { .. } => 66,
        Error::Device(_) | Error::Client { .. } => 69,
        Error::ForceField(_)
        | Error::ReplicaFault { .. }
        | Error::Analysis(_)
        | Error::CheckpointMisfit { .. }
        | Error::VerificationFailed { .. }
        | Error::ChildFailed { .. }
        | Error::RankLost
        | Error::OtherRank { .. }
        | Error::ToldElsewhere
        | Error::Threads { .. }
        | Error::Signals { .. }
        | Error::Json { .. }
        | Error::Drawing { .. } => 70,
        Error::Io { .. }
        | Error::InUse { .. }
        | Error::DiskFull { .. }
        | Error::ParquetEncoding { .. }
        | Error::Archive { .. } => 74,
    }
}
