"""What the shop computes and remembers: functions and methods, each counting how often its body ran."""

from collections import Counter

from flask_caching import Cache

cache = Cache()
ran = Counter()


def run(name):
    """Count a run of a body and return what it yields, so that a stored result tells which run it is of."""
    ran[name] += 1
    return "%s, run %d" % (name, ran[name])


@cache.memoize()
def price(product, currency="EUR", rebate=2):
    return run("price of %s less %s" % (product, rebate))


@cache.memoize()
def stock(product):
    return run("stock of %s" % product)


class Cart:
    def __init__(self, number):
        self.number = number

    def __repr__(self):
        return "Cart:%d" % self.number

    @cache.memoize()
    def total(self, tax, shipping=5):
        return run("total of %d" % self.number)

    @cache.memoize()
    def weight(self):
        return run("weight of %d" % self.number)
