"""The scripts of examples/python and the tutorials run as they stand, on data that needs no files."""
import glob
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest

import hebb

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("HEBB_SOURCE") or os.path.dirname(os.path.dirname(HERE))
EXAMPLES = os.path.join(SOURCE, "examples", "python")
TUTORIALS = os.path.join(SOURCE, "docs", "tutorials")
HAS_PICTURES = importlib.util.find_spec("matplotlib") is not None
HAS_TORCH = importlib.util.find_spec("torch") is not None


def run(script, *arguments, out):
    environment = dict(os.environ, HEBB_PICTURES=out, MPLBACKEND="Agg", MPLCONFIGDIR=out,
                       PYTHONDONTWRITEBYTECODE="1")
    package = os.path.dirname(os.path.dirname(os.path.abspath(hebb.__file__)))
    environment["PYTHONPATH"] = os.pathsep.join(
        [package] + [x for x in [environment.get("PYTHONPATH")] if x])
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True,
                          env=environment, cwd=out)
    if done.returncode:
        raise AssertionError(f"{script}: {done.stderr}")
    return done.stdout


def accuracy(said):
    """The last accuracy that a script printed, in per cent."""
    return float(re.findall(r"accuracy[^:\n]*?:? ([0-9.]+) %", said)[-1])


class Examples(unittest.TestCase):
    def example(self, name, train=500, **options):
        with tempfile.TemporaryDirectory() as out:
            given = dict(dict(set="strokes", train=train, test=200, out=out), **options)
            words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
            return run(os.path.join(EXAMPLES, name), *words, out=out)

    def test_every_example_is_tested(self):
        scripts = {os.path.basename(path) for path in glob.glob(os.path.join(EXAMPLES, "*.py"))}
        self.assertEqual(scripts, {"arguments.py", "assemblies.py", "mnist_stca.py",
                                   "mnist_stca_torch.py", "mnist_stdp.py", "reward.py",
                                   "save_and_load.py"})

    def test_mnist_stca(self):
        self.assertGreater(accuracy(self.example("mnist_stca.py", 4000, epochs=3)), 40)

    def test_mnist_stdp(self):
        self.assertIn("test: accuracy", self.example("mnist_stdp.py", 100))

    def test_save_and_load(self):
        self.assertIn("answers the same", self.example("save_and_load.py"))

    def test_assemblies(self):
        said = self.example("assemblies.py")
        self.assertIn("conn1_3_layer1_layer3_assemb_layer1.weight", said)
        self.assertNotIn("conn3_4_layer3_assemb_layer1_layer4", said)  # the policy leaves it out
        self.assertIn("epoch 0: test", said)

    def test_reward(self):
        self.assertGreater(accuracy(self.example("reward.py", 1500)), 25)

    @unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
    def test_torch_learns_what_hebb_learns(self):
        ours = accuracy(self.example("mnist_stca.py", 1000))
        self.assertLess(abs(accuracy(self.example("mnist_stca_torch.py", 1000)) - ours), 3)


class Tutorials(unittest.TestCase):
    LEAST = {"surrogate_gradient": 85, "stdp": 35, "reward": 65}  # per cent; chance is 10

    def test_every_tutorial_is_tested(self):
        scripts = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(TUTORIALS, "*"))}
        self.assertEqual(scripts, set(self.LEAST))

    def check(self, name):
        with tempfile.TemporaryDirectory() as out:
            said = run(os.path.join(TUTORIALS, f"{name}.py"), out=out)
            picture = os.path.join(out, f"{name}.png")
            if HAS_PICTURES:
                with open(picture, "rb") as file:
                    self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
                self.assertGreater(os.path.getsize(picture), 10000)
            else:
                self.assertIn("the pictures need matplotlib", said)
        self.assertGreater(accuracy(said), self.LEAST[name], said)

    def test_surrogate_gradient(self):
        self.check("surrogate_gradient")

    def test_stdp(self):
        self.check("stdp")

    def test_reward(self):
        self.check("reward")

    @unittest.skipUnless(HAS_PICTURES, "matplotlib is not installed; the tutorials ran "
                         "without their pictures")
    def test_pictures_could_be_checked(self):
        self.assertTrue(HAS_PICTURES)


if __name__ == "__main__":
    unittest.main()
