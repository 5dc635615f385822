# SPDX-License-Identifier: BSD-3-Clause
"""Who has the telescope when, and how high the targets are meanwhile."""

from . import _astro, _drawing


def _moments(schedule, count=241):
    length = schedule.end - schedule.begin
    return [schedule.begin + length * i / (count - 1) for i in range(count)]


def _number(time):
    from matplotlib import dates

    return dates.date2num(time.datetime)


def _draw_altitude(ax, observer, target, entry, moments, color):
    import numpy

    altitude = numpy.degrees(numpy.asarray(observer.altaz(target, moments)[1], float))
    x = numpy.array([_number(each) for each in moments])
    running = (x >= _number(entry.begin)) & (x <= _number(entry.end))
    ax.plot(x, numpy.where(altitude > 0, altitude, numpy.nan), color=color, alpha=0.3, linewidth=1)
    ax.plot(x, numpy.where(running, altitude, numpy.nan), color=color, linewidth=3)


def schedule(schedule, site, queue, ax=None, title=None):
    """Draws a schedule and returns the pair of axes: the altitude of each target, and under it a bar for each request.

    schedule: what `astro.schedule` made of `queue` (the list of records); site: a Site or an Observatory; ax: two
    axes, for altitudes and bars. What is observed is drawn heavily in the colour of its user, the way to it grey.
    """
    from matplotlib import dates, pyplot

    entries = schedule.entries
    if ax is None:
        rows = 1 + 0.3 * max(2, len(entries))
        ax = pyplot.subplots(2, 1, sharex=True, figsize=(10, 4 + rows), layout="constrained", height_ratios=(4, rows))[1]
    above, below = ax
    requests = {each.id: each.request for each in queue}
    users = sorted({each.user for each in entries})
    observer = _astro.sky.Observer(site.location)
    moments = _moments(schedule)
    for row, entry in enumerate(entries):
        color = _drawing.WHEEL[users.index(entry.user) % len(_drawing.WHEEL)]
        _draw_altitude(above, observer, _astro.parse_target(requests[entry.id].target), entry, moments, color)
        start, begin, end = (_number(each) for each in (entry.start, entry.begin, entry.end))
        first_of_user = entry.user not in {each.user for each in entries[:row]}
        below.barh(row, begin - start, left=start, color="#bbbbbb", height=0.7)
        below.barh(row, end - begin, left=begin, color=color, height=0.7, label=entry.user if first_of_user else None)
    below.set_yticks(range(len(entries)), [each.target for each in entries])
    below.invert_yaxis()
    below.set_xlim(_number(schedule.begin), _number(schedule.end))
    below.xaxis_date()
    below.xaxis.set_major_formatter(dates.ConciseDateFormatter(below.xaxis.get_major_locator()))
    below.set_xlabel("UTC")
    if len(users) > 1:
        below.legend(loc="lower left", frameon=False)
    above.set_ylim(0, 90)
    above.set_ylabel("altitude  [deg]")
    above.grid(True, color=_drawing.GRID)
    _drawing.title(above, title)
    return ax
