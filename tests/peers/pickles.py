"""Pickles of a real interpreter (Python 2.7 and 3.4 on) with the typed trees of their values, one JSON object a line.

    pickles.py write SEED COUNT    random values, each pickled with one of the protocols of this interpreter
    pickles.py known               values of well-known classes, each with the text that they are known by
    pickles.py read                reads Base64 pickles from stdin, writes the trees of what they hold
"""

from __future__ import print_function

import base64
import collections
import datetime
import decimal
import fractions
import json
import pickle
import random
import sys
import uuid

PYTHON_2 = sys.version_info[0] == 2
text_type = type(u"")
integer_types = (int, type(1 << 100))
range_type = xrange if PYTHON_2 else range  # noqa: F821


def node(kind, **fields):
    return collections.OrderedDict([("type", kind)] + sorted(fields.items()))


def b64(value):
    return base64.b64encode(bytes(value)).decode("ascii")


def is_scalar(character):
    return not 0xD800 <= ord(character) <= 0xDFFF


def tree(value):
    """Return the typed tree of a value made of plain types."""
    kind = type(value)
    if value is None:
        return node("NoneType", value=None)
    if kind is bool:
        return node("bool", value=value)
    if kind in integer_types:
        return node("int", value=str(value))
    if kind in (float, complex):
        return node(kind.__name__, value=repr(value))
    if kind is slice:
        # `%s`, since the repr of a long of Python 2 ends in L.
        return node("slice", value="slice(%s, %s, %s)" % (value.start, value.stop, value.step))
    if kind is range_type:
        # The xrange of Python 2 leaves a start of 0 out; all steps are 1 here.
        return node("range", value="range(%d, %d)" % value.__reduce__()[1][:2])
    if kind is text_type:
        if PYTHON_2 or all(is_scalar(character) for character in value):
            return node("str", value=value)
        return node("str", repr=repr(value))
    if kind is bytearray:
        return node("bytearray", base64=b64(value))
    if kind is bytes:
        return node("py2str" if PYTHON_2 else "bytes", base64=b64(value))
    if kind in (list, tuple):
        return node(kind.__name__, items=[tree(item) for item in value])
    if kind in (set, frozenset):
        return node(kind.__name__, items=sorted((tree(item) for item in value), key=json.dumps))
    assert kind is dict, kind
    return node("dict", items=[[tree(key), tree(item)] for key, item in value.items()])


class Values(object):
    """Random values; some containers come back a second time, so that pickles share them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seen = []

    def text(self):
        ranges = [(0x20, 0x7F), (0, 0x100), (0x100, 0xD800), (0xE000, 0x10000)]
        if not PYTHON_2:
            ranges += [(0xD800, 0xE000), (0x10000, 0x110000)]
        first, last = self.random.choice(ranges)
        make = unichr if PYTHON_2 else chr  # noqa: F821
        length = self.random.choice([0, 1, 3, 9, 300])
        return u"".join(make(self.random.randrange(first, last)) for _ in range(length))

    def data(self):
        length = self.random.choice([0, 1, 3, 9, 300])
        return bytes(bytearray(self.random.randrange(256) for _ in range(length)))

    def integer(self):
        bits = self.random.choice([1, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 500, 3000])
        return self.random.getrandbits(bits) * self.random.choice([1, -1])

    def floating(self):
        special = [0.0, -0.0, 1e16, 1e-5, 5e-324, 1.7976931348623157e308, float("inf"), float("nan")]
        return self.random.choice(special + [self.random.uniform(-1e6, 1e6), self.random.gauss(0, 1)])

    def leaf(self, hashable):
        choices = [
            lambda: None,
            lambda: self.random.random() < 0.5,
            self.integer,
            self.floating,
            self.text,
            self.data,
            lambda: complex(self.floating(), self.floating()),
            lambda: range_type(self.random.randrange(-9, 9), self.random.randrange(10, 20)),
        ]
        if not hashable:
            choices += [
                lambda: bytearray(self.data()),
                lambda: slice(self.random.choice([None, 1]), self.integer(), None),
            ]
        return self.random.choice(choices)()

    def value(self, depth, hashable=False):
        if depth <= 0 or self.random.random() < 0.2:
            return self.leaf(hashable)
        if self.seen and not hashable and self.random.random() < 0.15:
            return self.random.choice(self.seen)
        length = self.random.choice([0, 1, 2, 3, 4, 5])
        if hashable:
            items = [self.value(depth - 1, True) for _ in range(length)]
            return self.random.choice([tuple, frozenset])(items)
        kind = self.random.choice([list, tuple, dict, dict, list, set])
        if kind is dict:
            made = {}
            for _ in range(length):
                made[self.value(1, True)] = self.value(depth - 1)
        else:
            made = kind(self.value(depth - 1, kind is set) for _ in range(length))
        self.seen.append(made)
        return made


def write(seed, count):
    values = Values(seed)
    for index in range(count):
        values.seen = []
        value = values.value(values.random.randrange(6))
        protocol = index % (pickle.HIGHEST_PROTOCOL + 1)
        made = pickle.dumps(value, protocol)
        print(json.dumps({"protocol": protocol, "pickle": b64(made), "tree": tree(value)}))


def known():
    moment = datetime.datetime(2024, 2, 29, 12, 30, 1, 250)
    cases = [
        (moment, moment.isoformat()),
        (moment.replace(microsecond=0), "2024-02-29T12:30:01"),
        (datetime.date(1, 12, 31), "0001-12-31"),
        (datetime.time(23, 59), "23:59:00"),
        (datetime.timedelta(days=-1, seconds=5), "-1 day, 0:00:05"),
        (datetime.timedelta(days=3, microseconds=7), "3 days, 0:00:00.000007"),
        (decimal.Decimal("-1.10"), "-1.10"),
        (fractions.Fraction(1, 3), "1/3"),
        (uuid.UUID(int=2 ** 127 + 5), "80000000-0000-0000-0000-000000000005"),
        (collections.OrderedDict([(u"z", 1), (u"a", [2])]), {"z": 1, "a": [2]}),
        (collections.defaultdict(list, {u"a": 1}), {"a": 1}),
        (collections.Counter(u"a"), {"a": 1}),
        (collections.deque([1, 2], 5), [1, 2]),
        (ValueError(u"bad", 7), None),
    ]
    if not PYTHON_2:
        import pathlib

        zone = datetime.timezone(datetime.timedelta(hours=-5))
        cases += [
            (moment.replace(tzinfo=datetime.timezone.utc), "2024-02-29T12:30:01.000250+00:00"),
            (moment.replace(tzinfo=zone), "2024-02-29T12:30:01.000250-05:00"),
            (pathlib.PurePosixPath("/var/x"), "/var/x"),
        ]
    for value, text in cases:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            made = pickle.dumps(value, protocol)
            print(json.dumps({"protocol": protocol, "pickle": b64(made), "known": text, "repr": repr(value)}))


def read():
    for line in sys.stdin:
        print(json.dumps(tree(pickle.loads(base64.b64decode(line)))))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "known":
        known()
    else:
        read()
