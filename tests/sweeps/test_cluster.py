"""The same sweep as jobs: submitit's local executor, and a Slurm that is played by four small scripts."""

import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.quick import numbers, spec
from workbench import sweeps
from workbench.sweeps import cluster

pytest.importorskip("submitit", reason="pip install 'hypersphere-workbench[cluster]'")

ALONE: dict[str, Any] = {"page": False, "progress": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> sweeps.Results:
    """What processes of this machine come to."""
    return sweeps.run(spec(seeds=1), tmp_path_factory.mktemp("whole"), workers=1, **ALONE)


def test_jobs_end_with_the_same_table_as_processes(whole: sweeps.Results, tmp_path: Path) -> None:
    results = sweeps.run(spec(seeds=1), tmp_path, on="local-submitit", workers=2, **ALONE)
    assert numbers(results) == numbers(whole)
    assert sweeps.table(results) == sweeps.table(whole)
    assert {found.facts["hardware"]["threads"] for found in results.runs.values()} == {1}
    logs = list((results.folder / "jobs").glob("*_log.out"))
    assert len(logs) == 2
    assert sweeps.run(spec(seeds=1), tmp_path, on="local-submitit", **ALONE) == results
    assert list((results.folder / "jobs").glob("*_log.out")) == logs, "what is done is not submitted again"


def test_a_job_that_fails_is_a_failed_run(tmp_path: Path) -> None:
    wild = spec("softmax", seeds=1, lr=1e9, clip_norm=None)
    results = sweeps.run(wild, tmp_path, on="local-submitit", **ALONE)
    (error,) = {found.error for found in results.runs.values()}
    assert error.startswith(
        ("Training stopped being finite in epoch", "The embeddings given to Softmax must be finite")
    )


def test_a_job_that_is_ended_from_outside_is_told_with_its_log(tmp_path: Path) -> None:
    options = {"local_setup": ["exit 3"]}
    results = sweeps.run(spec(seeds=1), tmp_path, on="local-submitit", options=options, **ALONE)
    for found in results.runs.values():
        assert found.state == "failed"
        assert "ended as FINISHED; what it said is in " in found.error
        assert "_log.err" in found.error


def test_without_submitit_the_line_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.checks.find_spec", lambda package: None)
    with pytest.raises(ValueError) as error:
        sweeps.run(spec(), tmp_path, on="slurm", **ALONE)
    assert str(error.value) == (
        "A sweep on slurm needs the package submitit, which is not installed. Install it with: pip install "
        "'hypersphere-workbench[cluster]'."
    )


def test_without_slurm_and_of_an_unknown_option_nothing_is_submitted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='Jobs cannot be submitted: Could not detect "srun"'):
        sweeps.run(spec(), tmp_path, on="slurm", **ALONE)
    with pytest.raises(ValueError, match=r"Jobs cannot be submitted: [\s\S]*partitoin"):
        sweeps.run(spec(), tmp_path, on="local-submitit", options={"partitoin": "gpu"}, **ALONE)


SCRIPTS = {
    "sbatch": """
import os, re, subprocess, sys
text, numbers = open(sys.argv[1]).read(), [None]
if array := re.search(r"--array=0-(\\d+)", text):
    numbers = range(int(array[1]) + 1)
print("Submitted batch job 77")
for number in numbers:
    job = {"SLURM_JOB_ID": "77", "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_PROCID": "0"}
    if number is not None:
        job |= {"SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": str(number), "SLURM_JOB_ID": str(78 + number)}
    name = "77" if number is None else f"77_{number}"
    subprocess.Popen(["bash", "-c", f"bash {sys.argv[1]}; touch $PLAYED/{name}.over"], env=os.environ | job,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
""",
    "srun": """
import os, re, subprocess, sys
arguments = sys.argv[1:]
while arguments[0].startswith("--"):
    del arguments[:1 if arguments[0] == "--unbuffered" else 2]
sys.exit(subprocess.call(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
""",
    "sacct": """
import os, sys
print("JobID|State|NodeList")
for number in range(2):
    over = os.path.exists(f"{os.environ['PLAYED']}/77_{number}.over")
    print(f"77_{number}|{'COMPLETED' if over else 'RUNNING'}|here")
""",
}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the scripts that play Slurm note what is over."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, script in SCRIPTS.items():
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{script}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PLAYED", str(folder))
    return folder


def test_slurm_gets_one_array_of_jobs_and_the_table_is_the_same(
    whole: sweeps.Results, slurm: Path, tmp_path: Path
) -> None:
    options = {"slurm_partition": "gpu", "timeout_min": 7}
    results = sweeps.run(spec(seeds=1), tmp_path / "runs", on="slurm", workers=2, options=options, **ALONE)
    assert numbers(results) == numbers(whole)
    batch = (results.folder / "jobs" / "77_submission.sh").read_text()
    for line in ("--partition=gpu", "--time=7", "--array=0-1%2", "--cpus-per-task=1", "--job-name=workbench-sweep"):
        assert f"#SBATCH {line}\n" in batch


def test_jobs_that_are_still_in_the_queue_are_not_submitted_again(slurm: Path, tmp_path: Path) -> None:
    """Whoever stopped waiting, or was killed, finds them there."""
    sweep, root = spec(seeds=1), tmp_path / "runs"
    folder = root / sweep.folder_name() / "jobs"
    work = cluster.work(
        sweeps.results.jobs(sweep, root), on="slurm", at_once=None, threads=1, folder=folder, options={}
    )
    assert next(work) is None
    work.close()
    ids = json.loads((folder / "jobs.json").read_text())
    assert sorted(ids.values()) == ["77_0", "77_1"]
    assert cluster.left_behind(folder) == (
        "The jobs stay in the queue: the same command gathers what they do, `scancel 77` ends them."
    )
    (slurm / "sbatch").write_text("#!/bin/sh\nexit 1\n")  # nothing more can be submitted
    assert not sweeps.run(sweep, root, on="slurm", **ALONE).unfinished


def test_a_job_that_slurm_stops_is_queued_to_do_the_same_again(tmp_path: Path) -> None:
    (job, *_) = sweeps.results.jobs(spec(seeds=1), tmp_path)
    task = cluster.Task(job, 1)
    again = task.checkpoint()
    assert again.function is task
    again.function()
    assert sweeps.gather(spec(seeds=1), tmp_path).outcomes[0].found.state == "done"


def test_jobs_of_this_machine_end_when_nobody_waits_for_them(tmp_path: Path) -> None:
    sweep = spec(seeds=1, epochs=2000)
    work = cluster.work(
        sweeps.results.jobs(sweep, tmp_path), on="local-submitit", at_once=1, threads=1, folder=tmp_path, options={}
    )
    while not list(tmp_path.glob("digits-*/metrics.jsonl")):
        next(work)
    work.close()
    (record,) = tmp_path.glob("digits-*/metrics.jsonl")
    sizes = [-1, record.stat().st_size]
    while sizes[-1] != sizes[-2] and len(sizes) < 30:  # on a busy machine the step in hand takes long
        time.sleep(1)
        sizes.append(record.stat().st_size)
    assert sizes[-1] == sizes[-2]
    assert record.read_text().count("\n") < 2000
