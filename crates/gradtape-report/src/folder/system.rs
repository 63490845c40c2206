//! System calls for files and directories.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Exchanges two directories in one step; fails if the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Opens a new or an existing file, but not through a link: for writing, or if it belongs to
/// another user for reading, which is enough to wait for its lock.
pub(super) fn open(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(is_new);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        #[expect(clippy::cast_possible_wrap, reason = "flags of the system")]
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !is_new => {
            options.write(false).open(path)
        }
        opened => opened,
    }
}

/// Whether the path leads to this file.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: io::Result<Metadata>| {
        let metadata = metadata.ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    let file = identity(file.metadata());
    file.is_some() && file == identity(std::fs::symlink_metadata(path))
}

/// On other systems an open file cannot be replaced.
#[cfg(not(unix))]
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// This process, for messages.
pub(super) fn this_process() -> String {
    let process = std::process::id();
    #[cfg(unix)]
    {
        let machine = rustix::system::uname();
        let machine = machine.nodename().to_string_lossy();
        format!("process {process} on {machine}")
    }
    #[cfg(not(unix))]
    format!("process {process}")
}

/// Whether another file system, or another part of the same one, is mounted here.
#[cfg(target_os = "linux")]
pub(super) fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let seen = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    seen.is_ok_and(|seen| seen.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::symlink_metadata(path).ok().map(|seen| seen.dev());
    let parent = path.parent().unwrap_or(Path::new("."));
    device(path).is_some_and(|one| device(parent).is_some_and(|other| one != other))
}

#[cfg(not(unix))]
pub(super) fn is_mount_point(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn may_write(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

/// Whether a directory may be exchanged for another: not if its owner has made it read-only, nor
/// if it belongs to another user and contains entries that have to move.
#[cfg(unix)]
pub(super) fn may_replace(directory: &Path, has_foreign: bool) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    let is_own = std::fs::metadata(directory).is_ok_and(|seen| seen.uid() == user);
    may_write(directory) || !(is_own || has_foreign)
}

/// Whether something may move to another directory. Moving a directory writes to it.
#[cfg(unix)]
pub(super) fn may_move(path: &Path) -> bool {
    let is_directory = std::fs::symlink_metadata(path).is_ok_and(|seen| seen.is_dir());
    !is_directory || may_write(path)
}

#[cfg(not(unix))]
pub(super) fn may_replace(_: &Path, _: bool) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn may_move(_: &Path) -> bool {
    true
}

/// Gives a file or directory the owner, the group and the permissions of another, and the
/// permissions `more`, as far as this user may. If the group cannot be kept, the actual group gets
/// only the permissions of all users.
#[cfg(unix)]
pub(super) fn keep_rights(path: &Path, like: &Metadata, more: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let now = std::fs::metadata(path)?;
    let mut mode = like.mode() & 0o7777 | more;
    if (now.uid(), now.gid()) != (like.uid(), like.gid()) {
        let group = Some(like.gid());
        let kept = chown(path, Some(like.uid()), group).or_else(|_| chown(path, None, group));
        if kept.is_err() {
            mode &= !0o6070 | (mode & 0o007) << 3;
        }
    }
    if now.mode() & 0o7777 != mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn keep_rights(_: &Path, _: &Metadata, _: u32) -> io::Result<()> {
    Ok(())
}
