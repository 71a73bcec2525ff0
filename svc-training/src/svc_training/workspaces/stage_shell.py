"""The shell that DVC runs a stage's command with: apart from everything that is none of its own.

Runs by itself, with the standard library alone: `stage_shell.py CONFIG -c COMMAND`. It notes in a
journal that the stage began and how it ended. Where Linux lets it, the command runs in namespaces
of its own (see namespaces(7)): no network, no process but its own, and a file system that holds
the system read-only, its environment and its working folder, and nothing else. The first process
in there has no rights either; it only watches how much there is, and takes everything with it.
"""

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount", "--ipc", "--uts", "--pid",
           "--fork", "--kill-child", "--mount-proc")  # fmt: skip
WATCH_EVERY_S = 0.05
MEASURE_EVERY_S = 0.5
OVER_A_LIMIT = 125

_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/ssl/certs", "/sys/devices/system/cpu",
)  # fmt: skip
# A real root without any right may still write these.
_SWITCHES = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC = 4096, 16384
_MNT_DETACH = 2
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _LAST_CAPABILITY = 38, 24, 63

_libc = ctypes.CDLL(None, use_errno=True)


def main(argv: list[str]) -> int:
    """Run the command; its exit code, or 125 when it went over a limit."""
    config, command = argv[1], argv[-1]
    given = json.loads(Path(config).read_text(encoding="utf-8"))
    stage = os.environ.get("DVC_STAGE", "").rpartition(":")[2]
    if stage in given["gpu_stages"]:
        given |= given["on_gpu"]
    if argv[2] == "--inside":
        return _inside(given, command)
    _note(given, {"stage": stage, "event": "began", "device": given["device"]})
    words = [sys.executable, "-I", "-S", __file__, config, "--inside", command]
    ended = subprocess.run(  # noqa: S603 - the stage's own command, which is what a pipeline is
        [*UNSHARE, *words] if given["isolated"] else words,
        env={**given["environment"], "DVC_STAGE": stage},
        check=False,
    )
    _note(given, {"stage": stage, "event": "ended", "code": ended.returncode})
    return ended.returncode


def _note(given: dict[str, Any], entry: dict[str, Any]) -> None:
    line = json.dumps({**entry, "try": given["try"], "at": time.time()}) + "\n"
    with Path(given["journal"]).open("a", encoding="utf-8") as journal:
        journal.write(line)


def _inside(given: dict[str, Any], command: str) -> int:
    """The first process of the stage: shuts the doors, starts the command, watches."""
    where = os.getcwd()  # noqa: PTH109 - this module imports as little as it can
    # Opened before the doors are shut: the journal is not the stage's to write.
    journal = os.open(given["journal"], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    if given["isolated"]:
        with contextlib.suppress(OSError):
            # Linux 6.14 and later: of this namespace alone.
            Path("/proc/sys/kernel/pid_max").write_text(str(given["processes"]), encoding="utf-8")
        _shut_doors(given)
        os.chdir(where)
        _drop_rights()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, given["disk_bytes"])
    if os.geteuid() != 0:
        _limit(resource.RLIMIT_NPROC, given["processes"])
    child = subprocess.Popen(["/bin/sh", "-c", command])  # noqa: S603 - see main
    reason = _watch(child, given)
    if reason is None:
        return child.returncode if child.returncode >= 0 else 128 - child.returncode
    entry = {"event": "limit", "reason": reason, "try": given["try"]}
    os.write(journal, (json.dumps(entry) + "\n").encode())
    if not given["isolated"]:
        child.kill()
    # In a namespace of its own everything ends with its first process.
    return OVER_A_LIMIT


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _watch(child: "subprocess.Popen[bytes]", given: dict[str, Any]) -> str | None:
    """Wait for the command; or say over which limit the stage went."""
    next_measure = 0.0
    while child.poll() is None:
        if given["isolated"]:
            count = _tasks()
            if count > given["processes"] * 0.9:
                return (
                    f"it held {count} processes and threads at once; {given['processes']} are "
                    "allowed (FLEET_STAGES__PROCESSES)"
                )
        if time.monotonic() >= next_measure:
            next_measure = time.monotonic() + MEASURE_EVERY_S
            held = _bytes_below(given["folder"])
            if held > given["disk_bytes"]:
                return (
                    f"its working folder holds {held} bytes; {given['disk_bytes']} are allowed "
                    "(FLEET_STAGES__DISK_BYTES)"
                )
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(WATCH_EVERY_S)
        _reap(child)
    return None


def _reap(child: "subprocess.Popen[bytes]") -> None:
    """Orphans become children of the first process, which must let them go."""
    with contextlib.suppress(ChildProcessError):
        while True:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None or found.si_pid == child.pid:
                return
            os.waitpid(found.si_pid, os.WNOHANG)


def _tasks() -> int:
    """Processes and threads of this namespace."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 - many times a second
        if name.isdigit():
            with contextlib.suppress(OSError):
                count += len(os.listdir(f"/proc/{name}/task"))  # noqa: PTH208
    return count


def _bytes_below(folder: str) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_blocks * 512  # noqa: PTH118
    return total


def _shut_doors(given: dict[str, Any]) -> None:
    """Make a file system of what the stage may see, and let go of the other one."""
    root = given["root"]
    _mount("tmpfs", root, kind="tmpfs", flags=_MS_NOSUID, data="size=1m,mode=755")
    # Before the rest: what the stage may see can lie below /tmp.
    for path in ("/tmp", "/dev/shm"):  # noqa: S108
        Path(root + path).mkdir(parents=True, exist_ok=True)
        data = f"size={given['tmp_bytes']},mode=1777"
        _mount("tmpfs", root + path, kind="tmpfs", flags=_MS_NOSUID | _MS_NODEV, data=data)
    for path in (*_SYSTEM, *given["readable"]):
        if os.path.islink(path):  # noqa: PTH114
            Path(root + path).parent.mkdir(parents=True, exist_ok=True)
            os.symlink(os.readlink(path), root + path)  # noqa: PTH115, PTH211
        elif os.path.exists(path):  # noqa: PTH110
            _bind(path, root + path, writable=False)
    for name in (*_DEVICES, *given["devices"]):
        if os.path.exists(f"/dev/{name}"):  # noqa: PTH110
            _bind(f"/dev/{name}", f"{root}/dev/{name}", writable=True)
    for link, target in (("fd", "self/fd"), ("stdin", "self/fd/0"), ("stdout", "self/fd/1"),
                         ("stderr", "self/fd/2")):  # fmt: skip
        os.symlink(f"/proc/{target}", f"{root}/dev/{link}")  # noqa: PTH211
    Path(f"{root}/etc").mkdir(exist_ok=True)
    Path(f"{root}/etc/passwd").write_text("root:x:0:0::/tmp:/bin/sh\n", encoding="utf-8")
    _bind(given["folder"], root + given["folder"], writable=True)
    Path(f"{root}/proc").mkdir()
    _bind("/proc", f"{root}/proc", writable=True)
    for path in _SWITCHES:
        if os.path.exists(path):  # noqa: PTH110
            _bind(path, root + path, writable=False)
    _change_root(root)


def _bind(path: str, target: str, *, writable: bool) -> None:
    if os.path.isdir(path):  # noqa: PTH112
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    _mount(path, target, flags=_MS_BIND | _MS_REC)
    if not writable:
        # A mount keeps what it was mounted with: only what the first one lacks is added.
        kept = os.statvfs(target).f_flag & ~_MS_RDONLY
        _mount("none", target, flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _mount(source: str, target: str, *, kind: str = "", flags: int, data: str = "") -> None:
    words = (word.encode() or None for word in (source, target, kind))
    if _libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source}: {os.strerror(number)}", target)


def _change_root(root: str) -> None:
    """pivot_root(2) as its manual says: the new root over the old one, which is let go."""
    os.chdir(root)
    if _libc.pivot_root(b".", b"."):
        number = ctypes.get_errno()
        raise OSError(number, f"pivot_root: {os.strerror(number)}", root)
    if _libc.umount2(b".", _MNT_DETACH):
        number = ctypes.get_errno()
        raise OSError(number, f"umount: {os.strerror(number)}", root)
    os.chdir("/")


def _drop_rights() -> None:
    """Whatever starts from here on has no capability and can get none."""
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
