use std::{
    env, fs,
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};

/// Has the C library do without what only some processors have, so that each counts the same. Without
/// it a copy can be one instruction that repeats, which valgrind counts for each byte.
const ANY_PROCESSOR: &str = "glibc.cpu.hwcaps=-AVX2,-BMI2,-ERMS,-AVX_Fast_Unaligned_Load";

/// The instructions that this program takes to `do` the cost `name`, in the function that `function`
/// matches and in what it calls. What callgrind finds stays beside the program, in `costs/`.
///
/// # Errors
/// When valgrind cannot be run, or the program fails.
pub fn count(name: &str, function: &str) -> anyhow::Result<u64> {
    let program = env::current_exe()?;
    let directory = program.with_file_name("costs");
    fs::create_dir_all(&directory)?;
    let findings = directory.join(format!("{name}.callgrind"));
    let done = Command::new("valgrind")
        // What somebody has exported would change the settings.
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GLIBC_TUNABLES", ANY_PROCESSOR)
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--callgrind-out-file={}", findings.display()))
        .arg(&program)
        .args(["do", name])
        .stdin(Stdio::null())
        .output()
        .context("valgrind cannot be run")?;
    if !done.status.success() {
        bail!("{}", String::from_utf8_lossy(&done.stderr));
    }
    let text = fs::read_to_string(&findings)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.context("callgrind says no total")?.trim().parse()?;
    ensure!(total > 0, "callgrind did not see {function}");
    Ok(total)
}
