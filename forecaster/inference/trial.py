"""Tries out a model in a process of its own: what kills, hangs or starves that process does no harm to this one.

What a file declares does not tell how much memory a network takes once it runs, and a library may have a flaw. A child
with limits can tell.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import cast

from forecaster.artifact import load_artifact
from forecaster.errors import ArtifactError, CryptoSenseError
from forecaster.inference.opening import EngineKind, open_model
from forecaster.settings import ROOT

PATIENCE = 120.0  # seconds; a trial takes about one, with Keras ten
MEMORY = {"onnx": 2 * 2**30, "keras": 8 * 2**30}  # bytes, several times what our models take


async def tried(directory: Path, kind: EngineKind = "onnx", patience: float = PATIENCE) -> str:
    """The SHA-256 of the model in `directory`, once another process has opened it and forecast with it.

    Raises ArtifactError: why it was refused there, or how that process ended.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "forecaster.inference.trial", str(directory.absolute()), kind),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(patience):
            told, _ = await child.communicate()
    except TimeoutError as error:
        raise _failed(f"did not forecast within {patience:.0f} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise _failed(f"ended the process that tried it (code {child.returncode})")
    answer = json.loads(told)
    if "sha256" not in answer:
        raise ArtifactError(**answer)
    return str(answer["sha256"])


def main(directory: Path, kind: EngineKind) -> dict[str, str]:
    """Try, and say how it went."""
    _limit(kind)
    try:
        return {"sha256": open_model(load_artifact(directory), kind).ref.sha256}
    except CryptoSenseError as error:
        return {"message": error.message, "remedy": error.remedy}


def _limit(kind: EngineKind) -> None:
    """Take little: memory with an end, no accelerator, and the processor when others leave it."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY[kind], MEMORY[kind]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    os.putenv("CUDA_VISIBLE_DEVICES", "-1")  # the accelerator belongs to the model that answers


def _failed(why: str) -> ArtifactError:
    return ArtifactError(f"The model {why}; it is not used.", "Train it again, or restore it from the repository.")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), cast(EngineKind, sys.argv[2]))))
