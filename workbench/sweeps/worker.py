"""A process that trains runs one after another: `python -m workbench.sweeps.worker THREADS`.

    worker < orders > answers      one line of JSON for each run; what came of it is in the run's folder

It ends when its orders do, whatever it is doing: a parent that was killed leaves nobody behind, and what a run had
reached by its last checkpoint is whole.
"""

import json
import os
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import torch

from workbench import data
from workbench.config import RunConfig, checked
from workbench.stopping import Stopped
from workbench.sweeps.job import Job, perform


def main() -> None:
    """Train what is ordered on the standard input until it is closed."""
    torch.set_num_threads(int(sys.argv[1]))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # whatever is printed goes to the log
        orders: SimpleQueue[str] = SimpleQueue()
        Thread(target=_listen, args=(orders,), daemon=True).start()
        source, images = None, None
        while True:
            order = json.loads(orders.get())
            job = Job(checked(RunConfig, order["config"]), Path(order["folder"]))
            if source != (wanted := (job.config.data, job.config.data_options)):
                images = None  # two sets at once may be too much
                source, images = wanted, _loaded(job.config)
            try:
                perform(job, images)
            except Stopped as stop:
                print(f"{stop}.", file=sys.stderr, flush=True)
                os._exit(128 + stop.signal)  # the thread that listens would hold up a proper end
            answers.write("done\n")
            answers.flush()


def _listen(orders: "SimpleQueue[str]") -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _loaded(config: RunConfig) -> data.ImageSet | None:
    """Return the images of a run; None where they cannot be had, which the run itself will tell better."""
    try:
        return data.load(config.data, progress=False, **config.data_options)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - the run meets it again
        return None


if __name__ == "__main__":
    main()
