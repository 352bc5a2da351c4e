// The loops as lanes over the last minute: how busy each was, when it was blocked, and what wandered from one to another.
// Time goes from left to right; what happens is drawn at the right edge and goes left.

import { h, Component } from '/dashboard/preact.js';
import { model, now, shown, lanes, load, CAUSES, callback } from './model.js';
import { percent, short, duration, some, count } from './format.js';

const WINDOW_MS = 60000;
const FLIGHT_MS = 900;
const ROW = 46;
/** Of so many loops, so that they have room on a screen. */
const LOW_ROW = 28;
const MANY_LOOPS = 12;
/** Frames a second: it moves by less than a pixel in between. */
const FPS = 20;

const rowOf = (loops) => (loops.length > MANY_LOOPS ? LOW_ROW : ROW);

const still = matchMedia('(prefers-reduced-motion: reduce)');

function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    line: of('--line'), muted: of('--muted'), load: of('--accent'), bad: of('--bad'), surface: of('--surface'),
    use: of('--use'), rescue: of('--warn'), rebalance: of('--violet'), retirement: of('--teal'),
  };
}

class Canvas extends Component {
  constructor() {
    super();
    this.canvas = null;
    this.last = 0;
    this.frame = this.frame.bind(this);
  }

  componentDidMount() {
    this.request = requestAnimationFrame(this.frame);
  }

  componentWillUnmount() {
    cancelAnimationFrame(this.request);
  }

  componentDidUpdate() {
    if (still.matches) {
      this.draw();
    }
  }

  frame(time) {
    this.request = requestAnimationFrame(this.frame);
    if (!still.matches && time - this.last >= 1000 / FPS) {
      this.last = time;
      this.draw();
    }
  }

  draw() {
    const { canvas } = this;
    const { loops } = this.props;
    const width = canvas.clientWidth;
    const height = loops.length * rowOf(loops);
    const dots = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dots) || canvas.height !== Math.round(height * dots)) {
      canvas.width = Math.round(width * dots);
      canvas.height = Math.round(height * dots);
    }
    const context = canvas.getContext('2d');
    context.setTransform(dots, 0, 0, dots, 0, 0);
    context.clearRect(0, 0, width, height);
    const end = still.matches && shown() && shown().pulse ? shown().pulse.at : now() - 300;
    new Drawing(context, width, loops, end, colours(canvas)).all();
  }

  render({ loops, label }) {
    // The height by a rule of the style sheet's: the page's policy forbids style attributes, but not this.
    return h('canvas', {
      ref: (element) => {
        this.canvas = element;
        if (element) {
          element.style.height = loops.length * rowOf(loops) + 'px';
        }
      },
      role: 'img', 'aria-label': label,
    });
  }
}

class Drawing {
  constructor(context, width, loops, end, colour) {
    Object.assign(this, { context, width, loops, end, colour, row: rowOf(loops) });
    this.rows = new Map(loops.map((loop, i) => [loop.id, i]));
  }

  x(at) {
    return this.width - ((this.end - at) / WINDOW_MS) * this.width;
  }

  bottom(id) {
    return (this.rows.get(id) + 1) * this.row - 6;
  }

  middle(id) {
    return (this.rows.get(id) + 0.5) * this.row;
  }

  all() {
    this.grid();
    this.loops.forEach((loop) => this.load(loop.id));
    model.blocks.filter((each) => each.pid === model.pid && this.rows.has(each.loop)).forEach((each) => this.block(each));
    const arcs = model.arcs.filter((each) => this.rows.has(each.from) && this.rows.has(each.to));
    arcs.filter((each) => each.cause === 'use').forEach((each) => this.arc(each));
    arcs.filter((each) => each.cause !== 'use').forEach((each) => this.arc(each));
  }

  grid() {
    const { context, colour } = this;
    context.strokeStyle = colour.line;
    context.lineWidth = 1;
    context.beginPath();
    for (let s = 0; s <= WINDOW_MS; s += 15000) {
      const x = Math.round(this.x(this.end - s)) - 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, this.loops.length * this.row);
    }
    this.loops.forEach((loop) => {
      const y = this.bottom(loop.id) + 0.5;
      context.moveTo(0, y);
      context.lineTo(this.width, y);
    });
    context.stroke();
  }

  load(id) {
    const past = model.loads.get(id) || [];
    if (past.length < 2) {
      return;
    }
    const { context, colour } = this;
    const bottom = this.bottom(id);
    const y = (share) => bottom - share * (this.row - 12);
    context.beginPath();
    context.moveTo(this.x(past[0].at), bottom);
    past.forEach((each) => context.lineTo(this.x(each.at), y(each.load)));
    context.lineTo(this.x(past[past.length - 1].at), bottom);
    context.closePath();
    context.globalAlpha = 0.18;
    context.fillStyle = colour.load;
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    past.forEach((each, i) => context[i ? 'lineTo' : 'moveTo'](this.x(each.at), y(each.load)));
    context.strokeStyle = colour.load;
    context.lineWidth = 1.5;
    context.stroke();
  }

  block({ loop, from, to, stack }) {
    const { context, colour } = this;
    const left = Math.max(0, this.x(from));
    const right = Math.min(this.width, this.x(to || this.end));
    if (right <= 0 || right <= left) {
      return;
    }
    const top = this.rows.get(loop) * this.row + 4;
    const height = this.row - 10;
    context.save();
    context.beginPath();
    context.rect(left, top, Math.max(2, right - left), height);
    context.globalAlpha = 0.14;
    context.fillStyle = colour.bad;
    context.fill();
    context.clip();
    context.globalAlpha = 0.5;
    context.strokeStyle = colour.bad;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = left - height; x < right; x += 7) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.restore();
    const text = callback(stack);
    context.font = '600 11px system-ui, sans-serif';
    const wide = context.measureText(text).width;
    if (wide + 12 < right - left && height > 20) {
      context.fillStyle = colour.surface;
      context.fillRect(left + 4, top + 4, wide + 8, 16);
      context.fillStyle = colour.bad;
      context.fillText(text, left + 8, top + 16);
    }
  }

  /** A bow to the right, from lane to lane; what has just begun to move is on its way. */
  arc({ at, from, to, cause, count: moved }) {
    const { context, colour } = this;
    const age = this.end - at;
    const flown = still.matches ? 1 : Math.min(1, Math.max(0, (age + 300) / FLIGHT_MS));
    const x = this.x(at);
    const a = this.middle(from);
    const b = this.middle(to);
    const bow = Math.min(26, 8 + Math.abs(a - b) / 6);
    const point = (t) => ({
      x: x + bow * 4 * t * (1 - t) * 0.75,
      y: a + (b - a) * (t * t * (3 - 2 * t)),
    });
    const subtle = cause === 'use';
    context.globalAlpha = subtle ? Math.max(0.1, 0.6 - age / 40000) : 1;
    context.strokeStyle = context.fillStyle = colour[cause];
    context.lineWidth = subtle ? Math.min(3, 0.75 + Math.log10(moved)) : Math.min(6, 1.5 + Math.log2(moved) / 2);
    context.beginPath();
    for (let i = 0; i <= 16; i++) {
      const p = point((flown * i) / 16);
      context[i ? 'lineTo' : 'moveTo'](p.x, p.y);
    }
    context.stroke();
    const head = point(flown);
    context.beginPath();
    if (flown < 1) {
      context.arc(head.x, head.y, subtle ? 3 : 5, 0, 7);
    } else {
      const size = subtle ? 3.5 : 5.5;
      const up = b < a ? 1 : -1;
      context.moveTo(head.x, head.y);
      context.lineTo(head.x - size * 0.8, head.y + up * size * 1.5);
      context.lineTo(head.x + size * 0.8, head.y + up * size * 1.5);
    }
    context.fill();
    if (!subtle && moved > 1) {
      const label = count(moved);
      context.font = '600 11px system-ui, sans-serif';
      const wide = context.measureText(label).width;
      const p = point(0.5);
      const left = p.x + 5 + wide + 8 > this.width ? x - wide - 12 : p.x + 5;
      context.globalAlpha = 0.85;
      context.fillStyle = colour.surface;
      context.fillRect(left, p.y - 8, wide + 6, 15);
      context.globalAlpha = 1;
      context.fillStyle = colour[cause];
      context.fillText(label, left + 3, p.y + 3.5);
    }
    context.globalAlpha = 1;
  }
}

function described(loops) {
  return 'The last minute: ' + loops.map((loop) =>
    'loop ' + loop.id + (model.ended.has(loop.id) ? ' has ended' : loop.blocked ? ' is blocked' : ' ' + percent(load(loop.id)) + ' busy')).join(', ');
}

function state(loop) {
  const words = [];
  if (loop.blocked) {
    words.push(h('span', { class: 'pill bad' }, 'blocked'));
  }
  if (model.ended.has(loop.id)) {
    words.push(h('span', { class: 'pill' }, 'ended'));
  }
  if (loop.spare) {
    words.push(h('span', { class: 'pill' }, 'spare'));
  }
  if (loop.lane) {
    words.push(h('span', { class: 'pill' }, 'lane of ' + loop.lane));
  }
  return words;
}

/** A row each, and one picture beside all of them. */
export function Lanes() {
  const process = shown();
  const loops = lanes();
  if (!loops.length) {
    return h('p', { class: 'empty' }, 'No loops yet.');
  }
  return h('div', null,
    h('table', { class: 'lanes' + (loops.length > MANY_LOOPS ? ' low' : '') },
      h('caption', { class: 'hidden' }, 'Loops: how busy each is, what it has, and the last minute'),
      h('thead', null, h('tr', null,
        h('th', { scope: 'col' }, 'Loop'),
        h('th', { scope: 'col', class: 'num' }, 'Load'),
        h('th', { scope: 'col', class: 'num' }, h('abbr', { title: 'connections of clients' }, 'Conns')),
        h('th', { scope: 'col', class: 'num wide' }, 'Fds'),
        h('th', { scope: 'col', class: 'num wide' }, 'Queued'),
        h('th', { scope: 'col', class: 'num wide' }, 'Accepted'),
        h('th', { scope: 'col', class: 'picture' }, h('span', { class: 'scale' },
          h('span', null, '60 s ago'), h('span', null, 'now'))))),
      h('tbody', null, loops.map((loop, i) => h('tr', { key: loop.id, class: loop.blocked ? 'blocked' : model.ended.has(loop.id) ? 'ended' : '' },
        h('th', { scope: 'row' }, h('span', { class: 'loop' }, 'loop ' + loop.id), state(loop)),
        h('td', { class: 'num' }, percent(load(loop.id))),
        h('td', { class: 'num' }, short(loop.connections)),
        h('td', { class: 'num wide' }, short(loop.fds)),
        h('td', { class: 'num wide' }, short(loop['tasks-queued'])),
        h('td', { class: 'num wide' }, short(loop.accepted)),
        i === 0 && h('td', { class: 'picture', rowspan: loops.length },
          h(Canvas, { loops, label: described(loops), beat: process.pulse.at })))))),
    h('ul', { class: 'legend' }, Object.entries(CAUSES).map(([cause, words]) =>
      h('li', { key: cause, class: cause }, h('span', { class: 'swatch', 'aria-hidden': 'true' }),
        h('b', null, short(model.totals[cause])), ' ' + words)),
      h('li', { class: 'blocked' }, h('span', { class: 'swatch', 'aria-hidden': 'true' }), 'blocked')));
}

/** Loops that are blocked now, and those that were, with what they were in. */
export function Blocks() {
  const open = model.blocks.filter((each) => !each.to);
  const over = model.blocks.filter((each) => each.to);
  if (!open.length && !over.length) {
    return null;
  }
  return h('section', { class: 'panel blocks' + (open.length ? ' now' : ''), 'aria-labelledby': 'blocks' },
    h('h2', { id: 'blocks' }, open.length ? some(open.length, 'loop') + (open.length > 1 ? ' are' : ' is') + ' blocked'
      : 'Blocked lately'),
    open.map((each) => h('article', { key: 'open' + each.loop }, h(Block, { block: each }))),
    over.map((each) => h('details', { key: each.loop + ' ' + each.from },
      h('summary', null, 'loop ' + each.loop + ' for ' + duration(each.to - each.from) + ' in ' + callback(each.stack)
        + '; ' + some(each.moved, 'connection') + ' rescued'),
      h(Stack, { block: each }))));
}

function Block({ block }) {
  return h('div', null,
    h('p', null, h('b', null, 'loop ' + block.loop), ' has been in ', h('code', null, callback(block.stack)), ' for ',
      h('b', null, duration(now() - block.from)), block.running.length ? ', in ' + block.running.map((each) =>
        'fd ' + each.fd + '/' + each.generation + ' (' + each.plugin + ')').join(', ') : '', '. ',
      some(block.moved, 'connection') + ' rescued so far.'),
    h(Stack, { block }));
}

function Stack({ block }) {
  return h('pre', { tabindex: 0, 'aria-label': 'Stack of loop ' + block.loop }, block.stack.join('\n'));
}
