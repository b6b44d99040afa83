"""docs/python.md: its two minutes run, and its table of SPAIC's names is true."""
import os
import re
import unittest

import hebb

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("HEBB_SOURCE") or os.path.dirname(os.path.dirname(HERE))

#: What `import spaic` of SPAIC 0.6.3 offers.
TOP = """Op BaseModule Network Assembly Projection Connection Synapse ExcludedTypePolicy
    IndexConnectPolicy IncludedTypePolicy NeuronGroup NeuronModel Node Encoders Decoders Generators
    Rewards Actions Encoder Decoder Generator Reward Action Module Backend Torch_Backend
    StateMonitor SpikeMonitor Rate_Modulate STCA SurrogateBP Learner Dataset CustomDataset MNIST
    FashionMNIST OctMNIST PathMNIST MNISTVoices cifar10 SHD SSC DVS128Gesture BaseInitializer
    uniform normal xavier_normal xavier_uniform kaiming_normal kaiming_uniform constant sparse
    Dataloader RLPipeline ReplayMemory GymEnvironment Network_loader Network_saver""".split()


def page():
    with open(os.path.join(SOURCE, "docs", "python.md"), encoding="utf-8") as file:
        return file.read()


def rows():
    """The names of each row of SPAIC's tables, and what the row says of them."""
    for line in page().split("## Coming from SPAIC")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("SPAIC's name", "---"):
            yield re.findall(r"`([^`]+)`", cells[0]), cells[1]


class Docs(unittest.TestCase):
    def test_the_two_minutes_run(self):
        block = re.findall(r"```python\n(.*?)```", page().split("## Two minutes")[1], re.S)[0]
        space = {}
        exec(compile(block.replace("print(", "float("), "docs/python.md", "exec"), space)
        self.assertLess(space["loss"].item(), 2.0)  # log(10) = 2.3 where nothing was learned

    def test_every_name_of_spaic_has_a_row(self):
        said = {re.split(r"[(.,\s]", name)[0]
                for names, _verdict in rows() for name in names}
        said |= {part for names, _verdict in rows() for name in names for part in name.split(".")}
        self.assertEqual([name for name in TOP if name not in said], [])

    def test_what_is_the_same_is_there(self):
        for names, verdict in rows():
            owner = ""
            for name in names:
                if not re.match(r"^[A-Za-z_0-9.]+$", name):
                    continue
                owner = name.split(".")[0] if "." in name else owner
                parts = name.split(".") if "." in name else [owner, name] if owner else [name]
                there = hebb
                for part in parts:
                    there = getattr(there, part, None)
                if name in TOP:
                    there = getattr(hebb, name, None) or there
                if name == "NeuronGroup.custom_model":  # is there to say why not
                    self.assertRaises(Exception, there, input_vars=[])
                elif verdict == "not":
                    self.assertIsNone(there, f"{name} is there, the table says not")
                elif "." in name and verdict in ("same", "better"):
                    self.assertIsNotNone(there, f"{name} is not there, the table says {verdict}")


if __name__ == "__main__":
    unittest.main()
