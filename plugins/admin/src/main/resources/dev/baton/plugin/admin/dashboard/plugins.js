// What plugins add: tables, and actions with a form for their parameters. Whatever there is appears by itself.

import { h, Component } from '/dashboard/preact.js';
import { Panel, Table, State, Button } from './parts.js';
import { count } from './format.js';
import { ofPlugin } from './actions.js';

const LOOK_MS = 2000;

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.error);
  }
  return body;
}

function value(key, it) {
  if (it === null || it === '') {
    return '–';
  } else if (typeof it === 'number') {
    return count(it);
  } else if (typeof it === 'boolean') {
    return it ? 'yes' : 'no';
  } else if (typeof it === 'object') {
    return Array.isArray(it) && it.every((each) => typeof each !== 'object') ? it.join(', ') : JSON.stringify(it);
  }
  return key === 'state' ? h(State, { word: it }) : it;
}

function columns(rows) {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return keys.map((key) => ({
    head: key, num: rows.every((row) => row[key] === null || typeof row[key] === 'number'), cell: (row) => value(key, row[key]),
  }));
}

/** @param pid the process: another one may have other plugins */
export class PluginViews extends Component {
  constructor() {
    super();
    this.state = { views: [], actions: [], name: '', rows: null, problem: '' };
  }

  componentDidMount() {
    this.list();
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
  }

  componentDidUpdate(before) {
    if (before.loads !== this.props.loads) {
      this.list();
    }
  }

  shouldComponentUpdate(props, state) {
    return props.loads !== this.props.loads || state !== this.state;
  }

  async list() {
    try {
      const [views, actions] = await Promise.all([get('/v1/views'), get('/v1/actions')]);
      const name = views.some((each) => each.name === this.state.name) ? this.state.name : views.length ? views[0].name : '';
      this.setState({ views, actions, name, problem: '' }, () => this.look());
    } catch (failure) {
      this.setState({ problem: failure.message });
    }
  }

  async look() {
    const { name } = this.state;
    if (!name || document.hidden) {
      return;
    }
    try {
      const rows = await get('/v1/' + name);
      if (name === this.state.name) {
        this.setState({ rows, problem: '' });
      }
    } catch (failure) {
      this.setState({ problem: failure.message });
    }
  }

  show(name) {
    this.setState({ name, rows: null, problem: '' }, () => this.look());
  }

  render(props, { views, actions, name, rows, problem }) {
    return h(Panel, { id: 'of-plugins', title: 'Tables and actions of plugins', wide: true },
      h('div', { class: 'chooser', role: 'group', 'aria-label': 'Tables of plugins' }, views.map((each) =>
        h('button', { key: each.name, type: 'button', 'aria-pressed': String(each.name === name), onClick: () => this.show(each.name) }, each.name))),
      problem ? h('p', { class: 'result bad', role: 'status' }, problem)
        : rows && h(Table, {
          label: name, rows, columns: columns(rows), keyOf: (row) => rows.indexOf(row), empty: 'The table ' + name + ' has no rows.',
        }),
      actions.length > 0 && h('div', { class: 'chooser', role: 'group', 'aria-label': 'Actions of plugins' }, actions.map((each) =>
        h(Button, { key: each.name, onClick: () => ofPlugin(each) }, each.name + ' …'))));
  }
}
