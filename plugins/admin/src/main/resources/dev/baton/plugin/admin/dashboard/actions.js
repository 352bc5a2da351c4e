// Whatever changes the process: a dialog says what will happen, and then what has happened.

import { h, Component } from '/dashboard/preact.js';
import { shown } from './model.js';
import { some, duration } from './format.js';

let open = () => {};

/**
 * Asks for an action.
 *
 * @param title what it is
 * @param says sentences that say what will happen
 * @param fields of a form: { name, type, required, value, label }
 * @param confirm the word on the button
 * @param grave whether it takes something away
 * @param path of the POST, or what makes it of the fields' values
 */
export const ask = (action) => open(action);

function query(path, fields, values) {
  const given = fields.filter((each) => values[each.name] !== undefined && values[each.name] !== '');
  return path + (given.length ? '?' : '') + given.map((each) =>
    encodeURIComponent(each.name) + '=' + encodeURIComponent(values[each.name])).join('&');
}

export class Dialog extends Component {
  constructor() {
    super();
    this.state = { action: null, working: false, result: null, failed: false };
    this.asked = 0;
    open = (action) => {
      this.asked++;
      this.setState({ action, working: false, result: null, failed: false }, () => this.box.showModal());
    };
  }

  /** Not with every frame: what is typed stays. */
  shouldComponentUpdate(props, state) {
    return state !== this.state;
  }

  values() {
    return Object.fromEntries(new FormData(this.form).entries());
  }

  async act(event) {
    event.preventDefault();
    const { action } = this.state;
    const values = this.values();
    const fields = action.fields || [];
    const path = typeof action.path === 'function' ? action.path(values) : query(action.path, fields, values);
    this.setState({ working: true, result: null });
    try {
      const answer = await fetch(path, { method: 'POST', headers: { Accept: 'application/json' } });
      const body = await answer.json();
      this.setState({ working: false, failed: !answer.ok, result: body });
    } catch (failure) {
      this.setState({ working: false, failed: true, result: { error: 'no answer came: ' + failure.message } });
    }
  }

  render(props, { action, working, result, failed }) {
    const done = result && !failed;
    return h('dialog', {
      ref: (box) => { this.box = box; }, 'aria-labelledby': 'dialog-title', onClose: () => this.setState({ action: null }),
    }, action && h('form', { key: this.asked, ref: (form) => { this.form = form; }, onSubmit: (event) => this.act(event) },
      h('h2', { id: 'dialog-title' }, action.title),
      !done && action.says.map((sentence) => h('p', { key: sentence }, sentence)),
      !done && (action.fields || []).map((field) => h(Field, { key: field.name, field })),
      h('div', { 'aria-live': 'polite' },
        working && h('p', { class: 'working' }, 'Under way …'),
        result && h(Result, { result, failed })),
      h('div', { class: 'buttons' },
        h('button', { type: 'button', onClick: () => this.box.close() }, done ? 'Close' : 'Cancel'),
        !done && h('button', { type: 'submit', class: action.grave ? 'grave' : 'primary', disabled: working }, action.confirm))));
  }
}

/** By the type that the parameter's record says: a number, a time, text, or one of some words. */
function Field({ field }) {
  const { name, type, required, value, label } = field;
  const id = 'field-' + name;
  const words = field.words || (type.includes(',') ? type.split(',').map((each) => each.trim()) : null);
  const common = { id, name, required };
  // No attribute without a value: an empty pattern would match nothing.
  const hints = type === 'number' ? { inputmode: 'numeric', pattern: '-?[0-9]+', title: 'a number' }
    : type === 'time' || type === 'duration' ? { placeholder: '30s', title: 'a time, as in 500ms, 30s or 2m' } : {};
  return h('div', { class: 'field' },
    h('label', { for: id }, label || name, !required && h('span', null, ' (may be left out)')),
    words
      ? h('select', common, !required && h('option', { value: '' }, ''), words.map((each) => {
        const [key, text] = Array.isArray(each) ? each : [each, each];
        return h('option', { key, value: key, selected: key === value }, text);
      }))
      : h('input', Object.assign(common, {
        type: 'text', defaultValue: value || '', autocomplete: 'off', spellcheck: false,
      }, hints)));
}

function Result({ result, failed }) {
  if (result.error) {
    return h('div', { class: 'result bad' }, h('p', null, result.error), result.hint && h('p', null, result.hint));
  }
  return h('div', { class: 'result ' + (failed ? 'bad' : 'good') }, h('dl', null, Object.entries(result)
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && !value.length))
    .map(([key, value]) => [h('dt', null, key), h('dd', null,
      Array.isArray(value) ? value.map((each) => (typeof each === 'object' ? JSON.stringify(each) : each)).join('; ')
        : typeof value === 'object' ? JSON.stringify(value) : String(value))])));
}

// ---- the runtime's own ------------------------------------------------------------------------------------------------

const connections = () => shown().pulse.loops.reduce((sum, each) => sum + each.connections, 0);
const graceMs = () => shown().tables.status['grace-ms'];
const grace = (label) => ({ name: 'grace', type: 'time', value: '', label: label + ': as configured, ' + duration(graceMs()) });

export function suspend({ name, address, connections: n }) {
  ask({
    title: 'Suspend listener ' + name,
    says: [
      name + ' keeps ' + address + ' and accepts nothing until you resume it. New clients wait in the kernel’s queue, until '
        + 'the backlog is full.',
      'Its ' + some(n, 'open connection') + ' ' + (n === 1 ? 'stays and is' : 'stay and are') + ' served as before.',
    ],
    confirm: 'Suspend ' + name,
    path: '/v1/listeners/' + encodeURIComponent(name) + '/suspend',
  });
}

export function resume({ name }) {
  ask({
    title: 'Resume listener ' + name,
    says: [name + ' accepts again. Clients that have waited in the kernel’s queue are accepted first.'],
    confirm: 'Resume ' + name,
    path: '/v1/listeners/' + encodeURIComponent(name) + '/resume',
  });
}

/** The ways to end that there are: plugins contribute them. */
const strategies = () => shown().tables.plugins.flatMap((each) => each.contributes)
  .filter((each) => each.startsWith('unbind-strategy ')).map((each) => each.slice('unbind-strategy '.length));

export function drain({ name, address, connections: n }) {
  ask({
    title: 'Drain listener ' + name,
    says: [
      name + ' is unbound: ' + address + ' is free, and clients that connect there are refused.',
      'Its ' + some(n, 'open connection') + ' may finish within the time below; what is left then is cut.',
      'It does not come back until it is added again, or the process is upgraded or restarted.',
    ],
    fields: [
      grace('time to finish'),
      { name: 'strategy', type: 'word', words: strategies(), label: 'how: as configured' },
    ],
    confirm: 'Drain ' + name,
    grave: true,
    path: '/v1/listeners/' + encodeURIComponent(name) + '/unbind',
  });
}

export function addLoop() {
  const loops = shown().pulse.loops.filter((each) => !each.lane).length;
  ask({
    title: 'Add a loop',
    says: [
      'One more loop starts beside the ' + loops + ' that there ' + (loops === 1 ? 'is' : 'are')
        + '. It accepts on every listener that is not bound to certain loops.',
      'Connections that are open stay where they are, unless they are rebalanced.',
    ],
    confirm: 'Add a loop',
    path: '/v1/loops',
  });
}

export function retireLoop() {
  const loops = shown().pulse.loops.filter((each) => !each.lane && !each.spare);
  ask({
    title: 'Retire a loop',
    says: [
      'The loop gives its connections, with their timers and queued tasks, and its listeners to the other loops, and ends. '
        + 'No connection is lost.',
      'Its number is not used again. The last loop cannot be retired.',
    ],
    fields: [{
      name: 'id', type: 'word', required: true, label: 'loop',
      words: loops.map((each) => [String(each.id), 'loop ' + each.id + ', with ' + some(each.connections, 'connection')]),
    }],
    confirm: 'Retire it',
    grave: true,
    path: ({ id }) => '/v1/loops/' + id + '/retire',
  });
}

export function upgrade() {
  const n = connections();
  ask({
    title: 'Upgrade',
    says: [
      'A new process starts from what is installed now, with the configuration as it is now, and takes the listening sockets.',
      'When it serves, process ' + shown().pid + ' accepts no more. Of its ' + some(n, 'connection')
        + ', those that can move go to the new process with what is in flight; the others finish here within '
        + duration(graceMs()) + '.',
      'If anything goes wrong before that, nothing changes.',
    ],
    fields: [{ name: 'timeout', type: 'time', value: '60s', label: 'time for the new process to start' }],
    confirm: 'Upgrade',
    path: '/v1/upgrade',
  });
}

export function stop() {
  const { listeners } = shown().tables;
  const n = connections();
  ask({
    title: 'Drain and stop the process',
    says: [
      some(listeners.length, 'listener') + ' ' + (listeners.length === 1 ? 'is' : 'are') + ' unbound, and clients are refused.',
      some(n, 'open connection') + ' may finish within the time below; what is left then is cut.',
      'Then process ' + shown().pid + ' ends, and this page with it. Nothing takes its place, unless a service manager starts it '
        + 'again.',
    ],
    fields: [grace('time to finish')],
    confirm: 'Drain and stop',
    grave: true,
    path: '/v1/stop',
  });
}

export function reload({ id, version, generation, from }) {
  ask({
    title: 'Reload plugin ' + id,
    says: [
      'Plugin ' + id + ' is loaded anew from ' + from + ' and takes the place of version ' + version
        + ', which was load ' + generation + '. The configuration is checked with it first; if anything is wrong, everything stays.',
      'What is under way ends with the version that it began with. No connection is lost.',
    ],
    confirm: 'Reload ' + id,
    path: '/v1/plugins/' + encodeURIComponent(id) + '/reload',
  });
}

const SERVER = {
  drain: ['gets no new requests. The requests in flight are finished', 'Drain'],
  ready: ['gets requests again', 'Make ready'],
};

export function server(upstream, { server: name, 'in-flight': n }, what) {
  ask({
    title: SERVER[what][1] + ': server ' + name,
    says: [name + ' of ' + upstream + ' ' + SERVER[what][0] + (what === 'drain' ? ': there are ' + n + ' now.' : '.')],
    confirm: SERVER[what][1],
    path: '/v1/upstreams/' + encodeURIComponent(upstream) + '/servers/' + what + '?server=' + encodeURIComponent(name),
  });
}

export function ofPlugin({ name, parameters }) {
  ask({
    title: name,
    says: [
      'The plugin does this at once' + (parameters.length ? ', with the values below' : '') + '. What it does, its own documentation says.',
    ],
    fields: parameters.map((each) => ({
      name: each.name, type: each.type, required: each.required && each.otherwise === null, value: each.otherwise,
    })),
    confirm: 'Do it',
    path: '/v1/' + name,
  });
}
