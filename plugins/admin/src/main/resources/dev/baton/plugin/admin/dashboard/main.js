// The page: its head, its panels, and when they are drawn.

import { h, render, Fragment } from '/dashboard/preact.js';
import { model, shown } from './model.js';
import { begin } from './feed.js';
import { Vitals } from './charts.js';
import { Lanes, Blocks } from './lanes.js';
import { Panel, State, Button } from './parts.js';
import { Dialog, addLoop, retireLoop, upgrade, stop } from './actions.js';
import { Routes, Servers, Listeners, Upstreams, Pools, Orphans, Plugins, Happened } from './panels.js';
import { Upgrades } from './upgrade.js';
import { PluginViews } from './plugins.js';
import { short, duration } from './format.js';

function Head() {
  const process = shown();
  const status = process && process.tables ? process.tables.status : null;
  return h('header', { class: 'head' },
    h('h1', null, h('img', { src: '/dashboard/icon.svg', alt: '', width: 22, height: 22 }), 'Baton'),
    h('p', { class: 'connection ' + (model.live ? 'live' : 'lost'), role: 'status' },
      model.live ? 'live' : model.lostSince ? 'no connection' : 'connecting',
      status && model.live && h(State, { word: status.state })),
    status && h('p', { class: 'facts' }, [
      status.version, 'pid ' + status.pid, 'up ' + duration(status['uptime-ms']), status.poller,
      short(status['fds-open']) + ' of ' + short(status['fds-limit']) + ' fds',
      status['sockets-kept-by'] && 'sockets kept by ' + status['sockets-kept-by'],
      model.reader && model.reader + ' may only read',
    ].filter(Boolean).map((fact) => h('span', { key: fact }, fact))),
    status && h('div', { class: 'buttons' },
      h(Button, { onClick: upgrade, disabled: status.state !== 'ready' }, 'Upgrade …'),
      h(Button, { onClick: stop, kind: 'grave' }, 'Stop …')));
}

function Main() {
  const process = shown();
  const ready = process && process.tables && process.pulse;
  if (!ready) {
    return h('main', { id: 'main' }, h('p', { class: 'empty' }, 'Waiting for the process …'));
  }
  const plugins = process.pid + ' ' + process.tables.plugins.map((each) => each.id + each.generation).join(' ');
  return h('main', { id: 'main', tabindex: -1 },
    h(Vitals),
    h(Blocks),
    h(Panel, {
      id: 'loops', title: 'Loops', wide: true,
      buttons: h(Fragment, null, h(Button, { onClick: addLoop }, 'Add …'), h(Button, { onClick: retireLoop }, 'Retire …')),
    }, h(Lanes)),
    h('div', { class: 'columns' },
      h('div', null, h(Routes), h(Servers), h(Upstreams), h(Pools), h(Orphans)),
      h('div', null, h(Happened), h(Listeners), h(Plugins))),
    h(Upgrades),
    h(PluginViews, { loads: plugins }));
}

function Trouble() {
  if (model.live || !model.lostSince) {
    return model.trouble ? h('p', { class: 'trouble', role: 'alert' }, model.trouble) : null;
  }
  return h('p', { class: 'trouble', role: 'alert' },
    'No connection to process ' + model.pid + '. What you see is as it was; the page connects again by itself'
      + (model.trouble ? ' (' + model.trouble + ').' : '.'));
}

let asked = false;

/** At most once a frame of the browser's. */
function draw() {
  if (!asked) {
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      render(h(Fragment, null, h(Head), h(Trouble), h(Main), h(Dialog)), document.getElementById('app'));
    });
  }
}

draw();
begin(draw);
