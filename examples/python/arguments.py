"""What the examples share: which data they learn from, and for how long."""
import argparse

from hebb.IO.Dataset import MNIST, Strokes


def read(what, epochs=1, train=0, test=0):
    """The arguments of a script: set, train, test (how many samples, 0: all), epochs, out."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--set", choices=("mnist", "strokes"), default="mnist",
                        help="strokes are drawn by hebb and need no files")
    parser.add_argument("--root", help="folder of MNIST's four files")
    parser.add_argument("--train", type=int, default=train, help="samples to learn from, 0: all")
    parser.add_argument("--test", type=int, default=test, help="samples to test with, 0: all")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--out", default=".", help="where files are written")
    return parser.parse_args()


def sets(args):
    """The training set and the test set."""
    dataset = MNIST if args.set == "mnist" else Strokes
    return (dataset(args.root, is_train=True, limit=args.train or (0 if args.set == "mnist" else 4000)),
            dataset(args.root, is_train=False, limit=args.test or (0 if args.set == "mnist" else 1000)))
