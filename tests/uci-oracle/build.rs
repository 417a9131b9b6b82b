//! Tells the loader where libuci is, so that the programs run outside of cargo too.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=UCI_DIR");
    let lib = match env::var_os("UCI_DIR") {
        Some(prefix) => PathBuf::from(prefix).join("lib"),
        None => bundled().expect("libuci-sys has built libuci"),
    };
    // RPATH, not RUNPATH: libuci itself needs libubox from there.
    println!(
        "cargo:rustc-link-arg=-Wl,--disable-new-dtags,-rpath,{}",
        lib.display()
    );
}

/// Where libuci-sys put the library: beside the build of this program, which depends on it.
fn bundled() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let mut builds = program.parent()?.parent()?.read_dir().ok()?.flatten();
    builds.find_map(|build| {
        let lib = build.path().join("out/lib");
        lib.join("libuci.so").exists().then_some(lib)
    })
}
