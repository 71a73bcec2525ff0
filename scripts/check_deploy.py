"""Check what the fleet is deployed with: Dockerfiles, shell, YAML, compose files, overlays.

Usage: python scripts/check_deploy.py

Nothing here needs an engine, a cluster or the network. Every finding is printed before the verdict.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from house import ROOT, repository_files

KUBERNETES = "1.34"
OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"
CUSTOM = {"ScaledObject"}
"""Kinds of other projects, for which Kubernetes has no schema."""
COMPOSE_FILES = (("docker-compose.yml",), ("docker-compose.yml", "tests/containers/compose.yml"))

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)")


def run(command: list[str], *, env: dict[str, str] | None = None) -> Iterator[str]:
    """What a checker says when it finds something."""
    beside = Path(sys.executable).with_name(command[0])
    program = str(beside) if beside.exists() else shutil.which(command[0])
    if program is None:
        yield f"{command[0]} is missing: run `make dev`"
        return
    done = subprocess.run(
        [program, *command[1:]], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        yield (done.stdout + done.stderr).strip()


def named(files: list[Path], *, suffixes: tuple[str, ...]) -> list[str]:
    """Those of the repository's files whose names end like this."""
    return [path.as_posix() for path in files if path.name.endswith(suffixes)]


def check_files() -> Iterator[str]:
    """Dockerfiles, shell and YAML, each by the tool of its kind."""
    files = list(repository_files())
    yield from run(["hadolint", "--no-color", *named(files, suffixes=("Dockerfile",))])
    yield from run(["shellcheck", ".ci/run", *named(files, suffixes=(".sh",))])
    yield from run(["yamllint", "--strict", *named(files, suffixes=(".yml", ".yaml"))])


def check_compose() -> Iterator[str]:
    """Each compose project is valid, and has no value by default for what must be secret."""
    for names in COMPOSE_FILES:
        chosen = [word for name in names for word in ("--file", name)]
        text = "".join((ROOT / name).read_text(encoding="utf-8") for name in names)
        needed = dict.fromkeys(_VARIABLE.findall(text), "x")
        chosen += ["--profile", "core", "--profile", "gpu"]
        command = ["docker-compose", "--env-file", os.devnull, *chosen, "config", "--quiet"]
        yield from run(command, env=os.environ | needed | {"FLEET_ADDRESS": "127.0.0.1:8080"})
        for match in re.finditer(r"\$\{\w*(PASSWORD|SECRET|PEPPER)\w*(:?-)", text):
            yield f"{' + '.join(names)}: a default for {match[0]}…}}; use :? instead"


def render(overlay: Path) -> tuple[list[dict[str, Any]], str]:
    """The documents that kustomize makes of an overlay, or what it says."""
    builders = (["kubectl", "kustomize"], ["kustomize", "build"])
    for builder in builders:
        if shutil.which(builder[0]) is not None:
            done = subprocess.run(
                [*builder, str(overlay)], capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                return [], done.stderr.strip()
            return [each for each in yaml.safe_load_all(done.stdout) if each], ""
    return (
        [],
        "neither kubectl nor kustomize is here: https://kubectl.docs.kubernetes.io/installation",
    )


def check_overlay(overlay: Path) -> Iterator[str]:
    """Every object fits its schema, and what scales has something to scale."""
    documents, said = render(overlay)
    if said:
        yield f"{overlay.name}: {said}"
    known = {(each["kind"], each["metadata"]["name"]) for each in documents}
    for each in documents:
        name = f"{overlay.name}: {each['kind']} {each['metadata']['name']}"
        if each["kind"] not in CUSTOM:
            try:
                kubernetes_validate.validate(each, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{name}: {'.'.join(map(str, error.path))}: {error.message}"
        target = each.get("spec", {}).get("scaleTargetRef", {}).get("name")
        if target is not None and ("Deployment", target) not in known:
            yield f"{name}: scales the Deployment {target}, which is not there"


def main() -> None:
    """Print the findings; the exit status is 1 when there are any."""
    findings = [*check_files(), *check_compose()]
    for overlay in sorted(OVERLAYS.iterdir()):
        findings += check_overlay(overlay)
    for finding in findings:
        print(finding)
    print(f"deploy: {len(findings)} errors")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
