use std::{
    env, fs,
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};

/// Disables processor features in the C library that only some processors have, so that counts are
/// equal everywhere. Otherwise a copy may use a repeated instruction, which valgrind counts for
/// each byte.
const ANY_PROCESSOR: &str = "glibc.cpu.hwcaps=-AVX2,-BMI2,-ERMS,-AVX_Fast_Unaligned_Load";

/// The instructions of this program's command `do NAME` within functions that match `function`,
/// callees included. The profile stays beside the program, in `costs/`.
///
/// # Errors
/// When valgrind cannot be run, or the program fails.
pub fn count(name: &str, function: &str) -> anyhow::Result<u64> {
    let program = env::current_exe()?;
    let directory = program.with_file_name("costs");
    fs::create_dir_all(&directory)?;
    let profile = directory.join(format!("{name}.callgrind"));
    let done = Command::new("valgrind")
        // Exported variables would change the settings.
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GLIBC_TUNABLES", ANY_PROCESSOR)
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(&program)
        .args(["do", name])
        .stdin(Stdio::null())
        .output()
        .context("valgrind cannot be run")?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr));
    }
    let text = fs::read_to_string(&profile)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.context("callgrind's profile has no total")?.trim().parse()?;
    ensure!(total > 0, "callgrind did not count {function}");
    Ok(total)
}
