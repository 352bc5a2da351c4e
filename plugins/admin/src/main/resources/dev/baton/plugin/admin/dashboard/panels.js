// The tables.

import { h } from '/dashboard/preact.js';
import { model, shown } from './model.js';
import { Panel, Table, State, Button } from './parts.js';
import { count, short, rate, millis, errors, duration, clock, some } from './format.js';
import * as actions from './actions.js';

const tables = () => shown().tables;

const window_ = (top) => (top['since-start'] ? 'since the start' : 'the last ' + duration(top['window-ms']));

export function Routes() {
  const { top } = tables();
  return h(Panel, { id: 'routes', title: 'Routes', note: 'slowest first, ' + window_(top) },
    h(Table, {
      label: 'Routes, the slowest first', rows: top.routes, keyOf: (row) => row.service + ' ' + row.route,
      empty: 'No requests have ended yet.',
      columns: [
        { head: 'Route', cell: (row) => [row.route, ' ', h('small', null, row.service)] },
        { head: 'Req/s', num: true, cell: (row) => rate(row['requests-per-second']) },
        { head: 'Errors', num: true, cell: (row) => h('span', { class: row['error-share'] > 0 ? 'bad' : null }, errors(row['error-share'])) },
        { head: 'p50', num: true, wide: true, cell: (row) => millis(row['p50-ms']) },
        { head: 'p99', num: true, cell: (row) => millis(row['p99-ms']) },
        { head: 'p99.9', num: true, wide: true, cell: (row) => millis(row['p999-ms']) },
      ],
    }));
}

export function Servers() {
  const { top } = tables();
  return h(Panel, { id: 'servers', title: 'Servers', note: 'slowest first, ' + window_(top) },
    h(Table, {
      label: 'Servers, the slowest first', rows: top.servers, keyOf: (row) => row.service + ' ' + row.server,
      empty: 'No server has answered yet.',
      columns: [
        { head: 'Server', cell: (row) => [row.server, ' ', h('small', null, row.service)] },
        { head: 'Req/s', num: true, cell: (row) => rate(row['requests-per-second']) },
        { head: 'Failed', num: true, cell: (row) => h('span', { class: row.failures > 0 ? 'bad' : null }, count(row.failures)) },
        { head: 'In use', num: true, wide: true, cell: (row) => count(row['in-use']) },
        { head: 'p50', num: true, wide: true, cell: (row) => millis(row['p50-ms']) },
        { head: 'p99', num: true, cell: (row) => millis(row['p99-ms']) },
      ],
    }));
}

export function Listeners() {
  return h(Panel, { id: 'listeners', title: 'Listeners' },
    h(Table, {
      label: 'Listeners', rows: tables().listeners, keyOf: (row) => row.name, empty: 'There are no listeners.',
      columns: [
        { head: 'Listener', cell: (row) => [row.name, ' ', h('small', null, row.address)] },
        { head: 'State', cell: (row) => h(State, { word: row.state }) },
        { head: 'Open', num: true, cell: (row) => count(row.connections) },
        { head: 'Accepted', num: true, wide: true, cell: (row) => short(row.accepted) },
        { head: 'Service', wide: true, cell: (row) => row.service },
        {
          head: 'Actions', hidden: true, cell: (row) => h('div', { class: 'buttons' },
            row.state === 'suspended'
              ? h(Button, { onClick: () => actions.resume(row), label: 'Resume ' + row.name }, 'Resume')
              : h(Button, { onClick: () => actions.suspend(row), label: 'Suspend ' + row.name, disabled: row.state === 'stopped' }, 'Suspend'),
            h(Button, { onClick: () => actions.drain(row), label: 'Drain ' + row.name, disabled: row.state === 'stopped' }, 'Drain')),
        },
      ],
    }));
}

export function Upstreams() {
  const rows = tables().upstreams.flatMap((each) => each.servers.map((server) => ({ upstream: each.name, server })));
  return h(Panel, { id: 'upstreams', title: 'Upstream servers' },
    h(Table, {
      label: 'Servers of upstreams', rows, keyOf: (row) => row.upstream + ' ' + row.server.server, empty: 'There are no upstreams.',
      columns: [
        { head: 'Server', cell: (row) => [row.server.server, ' ', h('small', null, row.upstream)] },
        { head: 'State', cell: ({ server }) => [h(State, { word: server.state }), server.health !== 'unknown' && h(State, { word: server.health })] },
        { head: 'In flight', num: true, cell: ({ server }) => count(server['in-flight']) },
        { head: 'Waiting', num: true, wide: true, cell: ({ server }) => count(server.waiting) },
        { head: 'Weight', num: true, wide: true, cell: ({ server }) => count(server.weight) },
        { head: 'Latency', num: true, wide: true, cell: ({ server }) => millis(server['latency-ms']) },
        {
          head: 'Actions', hidden: true, cell: ({ upstream, server }) => h('div', { class: 'buttons' },
            server.state === 'ready'
              ? h(Button, { onClick: () => actions.server(upstream, server, 'drain'), label: 'Drain ' + server.server }, 'Drain')
              : h(Button, { onClick: () => actions.server(upstream, server, 'ready'), label: 'Make ready ' + server.server }, 'Ready')),
        },
      ],
    }));
}

export function Pools() {
  return h(Panel, { id: 'pools', title: 'Pools', note: 'connections to servers, of all loops together' },
    h(Table, {
      label: 'Pools', rows: tables().pools, keyOf: (row) => row.upstream + ' ' + row.server, empty: 'There are no pools.',
      columns: [
        { head: 'Server', cell: (row) => [row.server, ' ', h('small', null, row.upstream)] },
        { head: 'Idle', num: true, cell: (row) => count(row.idle) },
        { head: 'In use', num: true, cell: (row) => count(row['in-use']) },
        { head: 'Opened', num: true, wide: true, cell: (row) => short(row.connects) },
        { head: 'Reused', num: true, wide: true, cell: (row) => short(row['reuses-local']) },
        { head: 'Taken over', num: true, cell: (row) => short(row['reuses-takeover']) },
        { head: 'Refused', num: true, wide: true, cell: (row) => short(row['takeovers-refused']) },
      ],
    }));
}

export function Orphans() {
  return h(Panel, { id: 'orphans', title: 'Orphans', note: 'deleted, and held by a callback that runs' },
    h(Table, {
      label: 'Orphans', rows: tables().orphans, keyOf: (row) => row.fd + '/' + row.generation, empty: 'None: whatever was deleted is closed.',
      columns: [
        { head: 'Fd', cell: (row) => row.fd + '/' + row.generation },
        { head: 'For', num: true, cell: (row) => duration(row['orphaned-for-ms']) },
        { head: 'Held by', cell: (row) => (row.loops.length ? row.loops.map((id) => 'loop ' + id).join(', ') : 'no loop') },
        { head: 'Claims', num: true, cell: (row) => count(row.running) },
        { head: 'Plugin', wide: true, cell: (row) => row.plugin },
      ],
    }));
}

export function Plugins() {
  return h(Panel, { id: 'plugins', title: 'Plugins' },
    h(Table, {
      label: 'Plugins', tall: true, rows: tables().plugins, keyOf: (row) => row.id, empty: 'There are no plugins.',
      columns: [
        { head: 'Plugin', cell: (row) => [row.id, ' ', h('small', null, row.version)] },
        { head: 'Loads', num: true, cell: (row) => (row.problem ? h(State, { word: 'not loaded' }) : count(row.generation)) },
        { head: 'Contributes', wide: true, cell: (row) => row.problem || some(row.contributes.length, 'part') },
        { head: 'Replaced', num: true, wide: true, cell: (row) => (row.retired ? some(row.retired, 'version') + ' not gone' : '') },
        {
          head: 'Actions', hidden: true, cell: (row) => h('div', { class: 'buttons' }, !row.problem
            && h(Button, { onClick: () => actions.reload(row), label: 'Reload ' + row.id }, 'Reload')),
        },
      ],
    }));
}

/** What has happened while this page has been open. */
export function Happened() {
  return h(Panel, { id: 'happened', title: 'What happened', note: 'while this page has been open' },
    h('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', tabindex: 0, 'aria-labelledby': 'happened' },
      h('ol', null, model.log.map((each) =>
        h('li', { key: each.id, class: each.kind }, h('time', null, clock(each.at)), h('span', null, each.text))))));
}
