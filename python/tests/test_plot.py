"""hebb.plot: what is drawn is what was recorded; the refusals. Needs matplotlib, else skipped."""
import subprocess
import sys
import unittest

import numpy as np

import hebb
import hebb.plot

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError:
    matplotlib = None


class Recorded(hebb.Network):
    def __init__(self):
        super().__init__(dt=1.0)
        self.input = hebb.Encoder(num=16, coding_method='null')
        self.layer1 = hebb.NeuronGroup(3, model='lif', v_th=0.5)
        self.connection1 = hebb.Connection(self.input, self.layer1, weight=np.ones((3, 16)) / 8)
        self.spikes = hebb.SpikeMonitor(self.layer1)
        self.potential = hebb.StateMonitor(self.layer1, 'V')


@unittest.skipUnless(matplotlib, "matplotlib is not installed")
class Pictures(unittest.TestCase):
    def setUp(self):
        self.net = Recorded()
        self.net.input(np.ones((2, 6, 16), np.float32))
        self.net.run(6.0)

    def tearDown(self):
        pyplot.close("all")

    def test_raster_has_a_point_for_each_spike(self):
        ax = hebb.plot.raster(self.net.spikes, sample=1)
        points = np.asarray(ax.collections[0].get_offsets())
        self.assertEqual(len(points), self.net.spikes.spk_count[1].sum())
        np.testing.assert_array_equal(points[:, 0], self.net.spikes.spk_times[1])
        np.testing.assert_array_equal(points[:, 1], self.net.spikes.spk_index[1])

    def test_raster_of_arrays_and_of_nothing(self):
        ax = hebb.plot.raster([1.0, 2.5], [0, 3])
        np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1, 0], [2.5, 3]])
        hebb.plot.raster([], [])

    def test_trace_draws_values_over_times(self):
        ax = hebb.plot.trace(self.net.potential, neurons=[2], sample=1, threshold=0.5)
        line = ax.lines[0]
        np.testing.assert_array_equal(line.get_ydata(), self.net.potential.values[1, 2])
        np.testing.assert_array_equal(line.get_xdata(), self.net.potential.times)
        self.assertEqual(len(hebb.plot.trace(np.zeros((9, 4))).lines), 5)

    def test_weights_are_images_beside_one_another(self):
        matrix = np.arange(3 * 16.0).reshape(3, 16)
        shown = np.asarray(hebb.plot.weights(matrix, side=4, columns=2).images[0].get_array())
        self.assertEqual(shown.shape, (9, 9))
        np.testing.assert_array_equal(shown[:4, 5:], matrix[1].reshape(4, 4))
        np.testing.assert_array_equal(shown[5:, :4], matrix[2].reshape(4, 4))
        whole = hebb.plot.weights(np.ones((3, 5))).images[0].get_array()
        self.assertEqual(whole.shape, (3, 5))
        hebb.plot.weights(self.net.connection1)

    def test_curve_and_confusion(self):
        ax = hebb.plot.curve({"train": [3, 2, 1], "test": [3, 2, 2]}, "loss")
        np.testing.assert_array_equal(ax.lines[1].get_ydata(), [3, 2, 2])
        np.testing.assert_array_equal(ax.lines[1].get_xdata(), [1, 2, 3])
        ax = hebb.plot.confusion(dict(confusion=[[3, 1], [0, 4]]))
        self.assertEqual([t.get_text() for t in ax.texts], ["3", "1", "4"])
        np.testing.assert_array_equal(ax.images[0].get_array(), [[0.75, 0.25], [0, 1]])

    def test_it_draws_where_it_is_told(self):
        _figure, axes = pyplot.subplots(1, 2)
        self.assertIs(hebb.plot.raster(self.net.spikes, ax=axes[1]), axes[1])
        self.assertIs(hebb.plot.curve([1, 2], ax=axes[0]), axes[0])


class Refused(unittest.TestCase):
    """Before anything is drawn, so that these run without matplotlib."""

    def test_sentences(self):
        for call, error, words in (
                (lambda: hebb.plot.raster([1.0]), TypeError, "needs the neurons"),
                (lambda: hebb.plot.raster([1.0], [1, 2]), ValueError, "do not fit"),
                (lambda: hebb.plot.raster(["a"], [1]), (TypeError, ValueError), ""),
                (lambda: hebb.plot.trace(np.zeros((2, 3)), neurons=[2]), ValueError, "neuron 2"),
                (lambda: hebb.plot.trace(np.zeros((2, 3, 4))), ValueError, "shape"),
                (lambda: hebb.plot.weights(np.zeros((2, 0))), ValueError, "shape"),
                (lambda: hebb.plot.weights(np.zeros((2, 9)), side=2), ValueError, "9 inputs"),
                (lambda: hebb.plot.confusion(np.zeros((2, 3))), ValueError, "shape"),
                (lambda: hebb.plot.confusion(np.eye(2), ["a"]), ValueError, "1 names")):
            with self.assertRaises(error) as caught:
                call()
            self.assertIn(words, str(caught.exception))

    def test_without_matplotlib_a_sentence_says_what_to_install(self):
        code = ("import sys; sys.modules['matplotlib'] = None\n"
                "import hebb.plot\n"
                "try: hebb.plot.curve([1, 2])\n"
                "except ImportError as problem: print(problem)\n")
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertIn("pip install matplotlib", said.stdout, said.stderr)


if __name__ == "__main__":
    unittest.main()
