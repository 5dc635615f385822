# SPDX-License-Identifier: BSD-3-Clause
"""Lists and maps that were read from a record: what is changed in them is set in the record, which checks it.

``request.files.append("fits")`` does what ``request.files = [*request.files, "fits"]`` does. A copy is a plain list or
dict, and belongs to nobody.
"""


def _sets_in_whole(*methods):
    """Has the methods of the class's base set in the whole what they have changed."""

    def telling(change):
        def changed(self, *arguments, **named):
            before = self.copy()
            result = change(self, *arguments, **named)
            try:
                setattr(self._whole, self._name, self)
            except Exception:
                self._take(before)
                raise
            self._take(getattr(self._whole, self._name))  # as the record has it
            return result

        return changed

    def decorate(part):
        for method in methods:
            setattr(part, method, telling(getattr(part, method)))
        return part

    return decorate


@_sets_in_whole(
    *"append extend insert remove pop clear sort reverse __setitem__ __delitem__ __iadd__ __imul__".split(),
)
class PartList(list):
    def __init__(self, content, whole, name):
        super().__init__(content)
        self._whole = whole
        self._name = name

    def _take(self, content):
        list.__setitem__(self, slice(None), content)

    def __reduce_ex__(self, protocol):
        return list, (list(self),)


@_sets_in_whole(*"pop popitem clear update setdefault __setitem__ __delitem__ __ior__".split())
class PartDict(dict):
    def __init__(self, content, whole, name):
        super().__init__(content)
        self._whole = whole
        self._name = name

    def _take(self, content):
        dict.clear(self)
        dict.update(self, content)

    def __reduce_ex__(self, protocol):
        return dict, (dict(self),)
