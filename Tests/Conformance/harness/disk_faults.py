"""The preload `disk_faults.c`, built when it is first needed."""

import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).with_name("disk_faults.c")


class DiskFaults:
    """Faults for servers whose data lies below a folder; `order` gives one while they run."""

    def __init__(self, folder, lies=False):
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("needs a C compiler")
        folder = pathlib.Path(folder).resolve()
        library = folder / "disk_faults.so"
        build = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"],
            capture_output=True,
            text=True,
        )
        assert build.returncode == 0, build.stderr
        self._order = folder / "disk_faults.order"
        self.environment = {
            "LD_PRELOAD": str(library),
            "DISK_FAULTS_BELOW": str(folder),
            "DISK_FAULTS_ORDER": str(self._order),
            **({"DISK_FAULTS_LIE": "yes"} if lies else {}),
        }

    def order(self, fault, number=1):
        """None takes the order back."""
        if fault is None:
            self._order.unlink(missing_ok=True)
            return
        new = self._order.with_suffix(".new")
        new.write_text(f"{fault} {number}\n")
        new.rename(self._order)
