"""A driver that a test owns: a program that answers as NVIDIA's does, without any GPU."""

from pathlib import Path

_PROGRAM = """\
#!/bin/sh
if [ "$*" != "--query-gpu=index,uuid,name --format=csv,noheader" ]; then
    echo "Field is not a valid field to query."
    exit 2
fi
cat <<'END'
{lines}
END
exit {code}
"""


def write_nvidia_smi(folder: Path, *names: str) -> Path:
    """`nvidia-smi` in a folder that a test puts on the PATH; it lists GPUs of these names.

    With none it says so and ends with 6, as the real one does.
    """
    lines = [f"{number}, GPU-{number:08}-aaaa, {name}" for number, name in enumerate(names)]
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "nvidia-smi"
    text = "\n".join(lines) or "No devices were found"
    program.write_text(_PROGRAM.format(lines=text, code=0 if names else 6), encoding="utf-8")
    program.chmod(0o755)
    return folder
