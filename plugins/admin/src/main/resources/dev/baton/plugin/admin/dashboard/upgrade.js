// Upgrades as a timeline: a bar for each process, from its start to its end.

import { h } from '/dashboard/preact.js';
import { model, now, shown } from './model.js';
import { Panel } from './parts.js';
import { clock, some, duration } from './format.js';

const WORDS = {
  asked: 'is asked for an upgrade, and starts a new process',
  started: 'is started',
  'took-sockets': 'has the listening sockets',
  serves: 'serves',
  drains: 'accepts no more, and drains',
  ended: 'has let go of everything',
  failed: 'continues: the new process is not to be',
  'serves-again': 'serves again: the new process has died',
};

/** What a process is from a step on; nothing after its end. */
const PHASE = {
  asked: 'serving', started: 'starting', 'took-sockets': 'starting', serves: 'serving', drains: 'draining', ended: '',
  failed: 'serving', 'serves-again': 'serving',
};

function bars(all, pids) {
  const until = Math.max(all[all.length - 1].at + 3000, ...pids.filter(isHere).map(() => Math.min(now(), all[all.length - 1].at + 60000)));
  const begin = all[0].at - (until - all[0].at) * 0.12;
  const share = (at) => ((at - begin) / (until - begin)) * 100;
  return pids.map((pid) => {
    const own = all.filter((each) => each.pid === pid);
    // Whoever is asked has served before.
    const first = own[0].step === 'started' ? own[0].at : begin;
    const cuts = [{ at: first, phase: PHASE[own[0].step] === 'draining' ? 'serving' : PHASE[own[0].step] }]
      .concat(own.map((each) => ({ at: each.at, phase: PHASE[each.step] })))
      .filter((each, i, cuts) => !i || each.phase !== cuts[i - 1].phase);
    return {
      pid,
      marks: own.map((each) => ({ left: share(each.at), step: each.step })),
      phases: cuts.map((cut, i) => ({
        phase: cut.phase, left: share(cut.at), width: share(i + 1 < cuts.length ? cuts[i + 1].at : until) - share(cut.at),
      })).filter((each) => each.phase && each.width > 0),
    };
  });
}

const isHere = (pid) => {
  const process = model.processes.get(pid);
  return Boolean(process && process.open);
};

const place = (left, width) => (element) => {
  if (element) {
    element.style.left = left + '%';
    if (width !== undefined) {
      element.style.width = width + '%';
    }
  }
};

function left(pid) {
  const process = model.processes.get(pid);
  if (!process || !process.pulse) {
    return '';
  }
  const n = process.pulse.loops.reduce((sum, each) => sum + each.connections, 0);
  return process.open ? some(n, 'connection') : '';
}

export function Upgrades() {
  const all = model.steps;
  const pids = [...new Set(all.map((each) => each.pid))].slice(-4);
  const seen = all.filter((each) => pids.includes(each.pid));
  return h(Panel, { id: 'upgrades', title: 'Upgrades', wide: true, note: 'the process before and the one after, as far as they tell' },
    !seen.length
      ? h('p', { class: 'empty' }, 'Process ' + shown().pid + ' has served since its start; nothing was upgraded.')
      : h('div', { class: 'timeline' },
        h('div', { class: 'bars', 'aria-hidden': 'true' }, bars(seen, pids).map((bar) =>
          h('div', { class: 'process', key: bar.pid },
            h('span', { class: 'name' }, 'process ' + bar.pid, h('small', null, left(bar.pid))),
            h('div', { class: 'track' },
              bar.phases.map((each, i) => h('span', { key: i, class: 'phase ' + each.phase, ref: place(each.left, each.width) }, each.phase)),
              bar.marks.map((each) => h('i', { key: each.step + each.left, ref: place(each.left) })))))),
        h('ol', null, seen.map((each, i) => h('li', { key: each.pid + each.step + each.at },
          h('time', null, clock(each.at)),
          h('b', null, 'process ' + each.pid), ' ' + WORDS[each.step] + (each.detail ? ': ' + each.detail.split('\n')[0] : ''),
          i > 0 && h('small', null, ' after ' + duration(each.at - seen[i - 1].at)))))));
}
