"""The smallest of many numbers first: a heap of places, and the n-th smallest."""

from nanobook.jit import njit

__all__ = ["heap_down", "heapify", "nth_smallest"]


@njit
def heap_down(keys, order, at, size):
    """Restore the heap of places in `order`, least key first, from one place downwards."""
    entry = order[at]
    key = keys[entry]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[order[child + 1]] < keys[order[child]]:
            child += 1
        if keys[order[child]] >= key:
            break
        order[at] = order[child]
        at = child
    order[at] = entry


@njit
def heapify(keys, order, size):
    """Make a heap of the first `size` places in `order`."""
    for at in range(size // 2 - 1, -1, -1):
        heap_down(keys, order, at, size)


@njit
def nth_smallest(values, place):
    """Return the value that sorting would put at `place`; larger ones end up behind it."""
    low, high = 0, values.shape[0] - 1
    while low < high:
        middle = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < middle:
                left += 1
            while values[right] > middle:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            break
    return values[place]
