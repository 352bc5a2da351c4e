// What the page knows: the newest frames of each process, and what has happened while the page has been open. A frame
// has counts from a fixed beginning, so a frame that is missed costs nothing.

const LANE_MS = 60000;
const SERIES_MAX = 300;
const LOG_MAX = 100;
const BLOCKS_MAX = 5;
const LOAD_OVER_MS = 900;
/** Of each pulse, those with most connections: more could not be told apart. */
const USES_DRAWN = 12;
/** Those for requests are many, and soon of no interest. */
const USES_MS = 20000;

export const CAUSES = {
  rescue: 'rescued from a blocked loop',
  rebalance: 'moved from a busy loop',
  retirement: 'moved from a loop that goes',
  use: 'taken over for a request',
};

export const model = {
  /** Whether the process is connected that serves. */
  live: false,
  lostSince: 0,
  trouble: '',
  /** The name of who looks, if they may change nothing; else empty. */
  reader: '',
  /** The one that serves, as far as is known: what is drawn is its. */
  pid: 0,
  /** By pid: { pid, version, open, pulse, tables, counted }. */
  processes: new Map(),
  /** How far the clock of the server is before that of the browser. */
  skew: 0,
  /** By loop: [{ at, load }], of the last minute. */
  loads: new Map(),
  /** By id, loops that have ended within the last minute: { at, loop }. They still have a past. */
  ended: new Map(),
  /** Moves of the last minute: { at, from, to, cause, count }. */
  arcs: [],
  totals: { use: 0, rescue: 0, rebalance: 0, retirement: 0 },
  /** Blocks, the last first: { pid, loop, from, to, running, stack, moved }. */
  blocks: [],
  series: { at: [], requests: [], slowest: [], connections: [], takeovers: [] },
  log: [],
  /** Of upgrades, in order of time. */
  steps: [],
  views: [],
  actions: [],
};

export const now = () => Date.now() + model.skew;

/** The loops of the process that is drawn, and those that have just ended. */
export function lanes() {
  const process = shown();
  const loops = process && process.pulse ? process.pulse.loops : [];
  return [...loops, ...[...model.ended.values()].map((each) => each.loop)].sort((a, b) => a.id - b.id);
}

/** The process that is drawn. */
export const shown = () => model.processes.get(model.pid);

let logged = 0;

function note(at, kind, text) {
  model.log.unshift({ id: ++logged, at, kind, text });
  model.log.length = Math.min(model.log.length, LOG_MAX);
}

/** Several of the same within a few seconds are one line. */
function noteMoves(at, cause, from, to, n) {
  const key = cause + from + '>' + to;
  const last = model.log.find((each) => each.key === key && at - each.at < 5000);
  if (last) {
    last.count += n;
    last.text = movesText(cause, from, to, last.count);
  } else {
    note(at, cause, movesText(cause, from, to, n));
    Object.assign(model.log[0], { key, count: n });
  }
}

function movesText(cause, from, to, n) {
  return n + (n === 1 ? ' connection' : ' connections') + ' of loop ' + from + ' went to loop ' + to + ': ' + {
    rescue: 'rescued', rebalance: 'rebalanced', retirement: 'its loop goes',
  }[cause];
}

export function hello(pid, version) {
  const known = model.processes.get(pid) || { pid, counted: null, cpu: [] };
  for (const each of model.processes.values()) {
    if (!each.open && each.pid !== model.pid) {
      model.processes.delete(each.pid);
    }
  }
  model.processes.set(pid, Object.assign(known, { version, open: true, counted: null, fresh: true }));
}

/** Draws a process that has told all that is drawn, if it is another one than before, or was lost. */
function choose(process) {
  if (!process.fresh || !process.pulse || !process.tables) {
    return;
  }
  process.fresh = false;
  const { pid } = process;
  if (model.pid && model.pid !== pid) {
    note(now(), 'upgrade', 'process ' + pid + ' serves; this page is connected to it');
    // Its loops are others.
    model.loads.clear();
    model.ended.clear();
    model.arcs = [];
    model.blocks.filter((each) => !each.to).forEach((each) => { each.to = now(); });
  } else if (!model.pid) {
    note(now(), 'page', 'connected to process ' + pid);
  } else if (model.lostSince) {
    note(now(), 'page', 'connected again');
  }
  model.pid = pid;
  model.live = true;
  model.lostSince = 0;
  model.trouble = '';
}

/** The process that was left behind serves again. */
export function back(pid) {
  const process = model.processes.get(pid);
  process.fresh = true;
  choose(process);
}

/** A connection to a process has ended. */
export function lost(pid) {
  const process = model.processes.get(pid);
  if (process) {
    process.open = false;
    process.fresh = false;
  }
  if (pid === model.pid && model.live) {
    model.live = false;
    model.lostSince = Date.now();
    note(now(), 'page', 'no connection to process ' + pid);
  }
}

// ---- pulses ------------------------------------------------------------------------------------------------------------

export function pulse(pid, frame) {
  const process = model.processes.get(pid);
  const before = process.pulse;
  process.pulse = frame;
  choose(process);
  if (pid !== model.pid) {
    return;
  }
  model.skew = frame.at - Date.now();
  loads(process, frame);
  blocks(frame);
  moves(process, frame);
  if (before) {
    loopsThatCameAndWent(before, frame);
  }
  const oldest = frame.at - LANE_MS - 2000;
  for (const [id, past] of model.loads) {
    if (!past.length || past[past.length - 1].at < oldest) {
      model.loads.delete(id);
    }
  }
  model.arcs = model.arcs.filter((each) => each.at > (each.cause === 'use' ? frame.at - USES_MS : oldest));
  model.blocks = model.blocks.filter((each, i) => i < BLOCKS_MAX || !each.to);
}

function loads(process, frame) {
  const samples = process.cpu;
  samples.push({ at: frame.at, by: new Map(frame.loops.map((each) => [each.id, each['cpu-ms']])) });
  while (samples.length > 2 && frame.at - samples[1].at >= LOAD_OVER_MS) {
    samples.shift();
  }
  const from = samples[0];
  for (const loop of frame.loops) {
    const past = model.loads.get(loop.id) || [];
    const elapsed = frame.at - from.at;
    if (elapsed > 0 && from.by.has(loop.id)) {
      past.push({ at: frame.at, load: Math.min(1, Math.max(0, (loop['cpu-ms'] - from.by.get(loop.id)) / elapsed)) });
    }
    while (past.length && past[0].at < frame.at - LANE_MS - 2000) {
      past.shift();
    }
    model.loads.set(loop.id, past);
  }
}

export function load(id) {
  const past = model.ended.has(id) ? null : model.loads.get(id);
  return past && past.length ? past[past.length - 1].load : 0;
}

function moves(process, frame) {
  const known = process.counted;
  const counted = new Map(known); // of very many, those that count little are not in each frame
  const uses = [];
  for (const { from, to, cause, count } of frame.moves) {
    const key = cause + ' ' + from + ' ' + to;
    counted.set(key, count);
    // A page that was open before this one may have begun the count.
    const seen = known ? known.get(key) || 0 : count;
    const fresh = count < seen ? count : count - seen;
    if (fresh > 0) {
      (cause === 'use' ? uses : model.arcs).push({ at: frame.at, from, to, cause, count: fresh });
      model.totals[cause] += fresh;
      const block = model.blocks.find((each) => each.pid === model.pid && each.loop === from && (!each.to || frame.at - each.to < 2000));
      if (cause === 'rescue' && block) {
        block.moved += fresh;
      }
      if (cause !== 'use') {
        noteMoves(frame.at, cause, from, to, fresh);
      }
    }
  }
  model.arcs.push(...uses.sort((a, b) => b.count - a.count).slice(0, USES_DRAWN));
  process.counted = counted;
}

function blocks(frame) {
  for (const row of frame.blocked) {
    const block = model.blocks.find((each) => each.pid === model.pid && each.loop === row.loop && !each.to);
    if (block) {
      // A loop that has just gone on is in something else.
      if (frame.at - row['for-ms'] - block.from < 200) {
        Object.assign(block, { running: row.running, stack: row.stack });
      }
    } else {
      const from = frame.at - row['for-ms'];
      // The rescue may have been seen before.
      const moved = model.arcs.filter((each) => each.cause === 'rescue' && each.from === row.loop && each.at >= from)
        .reduce((sum, each) => sum + each.count, 0);
      model.blocks.unshift({ pid: model.pid, loop: row.loop, from, to: 0, running: row.running, stack: row.stack, moved });
      note(frame.at, 'blocked', 'loop ' + row.loop + ' is blocked in ' + callback(row.stack));
    }
  }
  for (const block of model.blocks) {
    if (!block.to && !frame.blocked.some((row) => row.loop === block.loop)) {
      block.to = frame.at;
      note(frame.at, 'page', 'loop ' + block.loop + ' works again after ' + Math.round(block.to - block.from) + ' ms');
    }
  }
}

const HOUSE = /^(?:java|jdk|sun|app\/\/java|io\.netty|io\.vertx\.core|com\.kenai\.jffi|jnr|dev\.baton\.runtime)\b|^java\.base\//;

/** The method that somebody has written who is to blame: the first that is neither the JDK's nor the runtime's. */
export function callback(stack) {
  const bare = stack.map((line) => line.replace(/^[^(]*\/\//, ''));
  const frame = bare.find((line) => !HOUSE.test(line)) || bare[0] || 'what is not known';
  return frame.replace(/\(.*/, '').split('.').slice(-2).join('.');
}

function loopsThatCameAndWent(before, frame) {
  const then = new Set(before.loops.map((each) => each.id));
  const here = new Set(frame.loops.map((each) => each.id));
  for (const loop of frame.loops) {
    if (!then.has(loop.id)) {
      note(frame.at, 'loop', (loop.spare ? 'spare loop ' : 'loop ') + loop.id + ' serves');
    }
  }
  for (const loop of before.loops) {
    if (!here.has(loop.id)) {
      note(frame.at, 'loop', 'loop ' + loop.id + ' has ended');
      model.ended.set(loop.id, { at: frame.at, loop: { ...loop, connections: 0, fds: 0, 'tasks-queued': 0, blocked: false } });
    }
  }
  for (const [id, { at }] of model.ended) {
    if (at < frame.at - LANE_MS || here.has(id)) {
      model.ended.delete(id);
    }
  }
}

// ---- tables ------------------------------------------------------------------------------------------------------------

export function tables(pid, frame) {
  const process = model.processes.get(pid);
  const before = process.tables;
  process.tables = frame;
  frame.upgrades.forEach(step);
  choose(process);
  if (pid !== model.pid) {
    return;
  }
  const { series } = model;
  series.at.push(frame.at / 1000);
  series.requests.push(frame.top.routes.reduce((sum, each) => sum + each['requests-per-second'], 0));
  series.slowest.push(frame.top.routes.length ? frame.top.routes[0]['p99-ms'] : 0);
  series.connections.push(process.pulse ? process.pulse.loops.reduce((sum, each) => sum + each.connections, 0) : 0);
  const moved = Object.values(model.totals).reduce((sum, each) => sum + each, 0);
  const since = before ? (frame.at - before.at) / 1000 : 0;
  series.takeovers.push(since > 0 ? (moved - process.moved) / since : 0);
  process.moved = moved;
  if (series.at.length > SERIES_MAX) {
    Object.values(series).forEach((each) => each.shift());
  }
  if (before) {
    changes(before, frame);
  }
}

function changes(before, frame) {
  if (before.status.state !== frame.status.state) {
    note(frame.at, 'process', 'process ' + frame.status.pid + ' is ' + frame.status.state);
  }
  const states = new Map(before.listeners.map((each) => [each.name, each.state]));
  for (const { name, state } of frame.listeners) {
    if (states.get(name) !== state) {
      note(frame.at, 'listener', 'listener ' + name + ' is ' + state);
    }
  }
  const generations = new Map(before.plugins.map((each) => [each.id, each.generation]));
  for (const { id, generation, version } of frame.plugins) {
    if (generations.has(id) && generations.get(id) !== generation) {
      note(frame.at, 'plugin', 'plugin ' + id + ' was reloaded: version ' + version);
    }
  }
}

/** The two processes may tell of the same step. */
const SAME_MS = 5000;

function step(told) {
  const same = model.steps.find((each) =>
    each.pid === told.pid && each.step === told.step && Math.abs(each.at - told.at) < SAME_MS);
  if (!same) {
    model.steps.push({ ...told });
    model.steps.sort((a, b) => a.at - b.at);
    afterItsCause();
  }
}

/** When a process was started is known to the second only: not before it was asked for. */
function afterItsCause() {
  for (const started of model.steps.filter((each) => each.step === 'started')) {
    const asked = model.steps.find((each) => each.step === 'asked' && each.at > started.at && each.at - started.at < 2000);
    if (asked) {
      started.at = asked.at + 1;
      model.steps.sort((a, b) => a.at - b.at);
    }
  }
}
