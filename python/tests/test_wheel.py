"""`pip wheel .` makes one wheel that carries the library and runs outside the checkout."""
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("HEBB_SOURCE") or os.path.dirname(os.path.dirname(HERE))
SCRIPT = """
import os, sys
import numpy as np
import hebb
assert os.path.dirname(hebb.__file__).startswith(sys.prefix), hebb.__file__
net = hebb.Network(dt=1.0)
with net:
    a = hebb.Encoder(num=4, coding_method='null')
    b = hebb.NeuronGroup(3, model='lif', v_th=0.5)
    c = hebb.Connection(a, b, weight=np.ones((3, 4)))
    d = hebb.Decoder(num=3, dec_target=b)
net.a(np.ones((2, 5, 4), np.float32))
net.run(5.0)
print(hebb.__version__, net.d.predict.sum() > 0)
"""


def has(module):
    return importlib.util.find_spec(module) is not None


@unittest.skipUnless(has("scikit_build_core"), "scikit-build-core is not installed")
@unittest.skipUnless(has("pip") and has("venv") and has("ensurepip"), "pip or venv is not installed")
class Wheel(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def call(self, *words, **more):
        bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "HEBB_LIBRARY")}
        done = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, env=bare,
                              **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_it_runs_outside_the_checkout(self):
        self.call(sys.executable, "-m", "pip", "wheel", SOURCE, "--no-deps", "--no-build-isolation",
                  "--no-index", "-q", "-w", self.folder, "-C",
                  f"build-dir={self.folder}/build")
        wheels = glob.glob(os.path.join(self.folder, "*.whl"))
        self.assertEqual(len(wheels), 1)
        self.assertIn("-py3-none-", wheels[0])  # one for every Python: no compiled extension
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = wheel.namelist()
        self.assertTrue([n for n in names if n.startswith("hebb/libhebb.so")], names)
        self.assertIn("hebb/plot.py", names)
        self.assertFalse([n for n in names if not n.startswith(("hebb/", "hebb-"))], names)

        # NumPy comes from where the tests have it; nothing is fetched.
        self.call(sys.executable, "-m", "venv", "--system-site-packages", "venv")
        python = os.path.join(self.folder, "venv", "bin", "python")
        self.call(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index",
                  "--ignore-installed", wheels[0])
        self.assertIn("True", self.call(python, "-c", SCRIPT))


if __name__ == "__main__":
    unittest.main()
