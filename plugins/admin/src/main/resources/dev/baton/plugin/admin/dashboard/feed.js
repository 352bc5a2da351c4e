// The connections to the process, and during an upgrade to both: the old one tells of its drain until it ends, while
// the new one serves.

import * as model from './model.js';

const AGAIN_MS = 700;

const feeds = new Set();
let changed = () => {};

class Feed {
  constructor() {
    this.pid = 0;
    this.source = new EventSource('/v1/events');
    feeds.add(this);
    this.on('hello', ({ pid, version }) => this.begin(pid, version));
    this.on('pulse', (frame) => model.pulse(this.pid, frame));
    this.on('tables', (frame) => {
      model.tables(this.pid, frame);
      this.followUpgrade(frame);
    });
    this.source.onerror = () => this.end();
  }

  on(event, handle) {
    this.source.addEventListener(event, (message) => {
      handle(JSON.parse(message.data));
      changed(event);
    });
  }

  begin(pid, version) {
    if ([...feeds].some((each) => each !== this && each.pid === pid)) {
      this.close(); // the old one again, by a connection from before
      setTimeout(() => expectAnother(), AGAIN_MS);
      return;
    }
    this.pid = pid;
    model.hello(pid, version);
    whoLooks();
  }

  /** From the moment it drains because another process serves, that one is looked for. */
  followUpgrade(frame) {
    if (!this.followed && frame.status.state === 'draining' && isFollowed(frame)) {
      this.followed = true;
      expectAnother();
    } else if (frame.status.state === 'ready') {
      this.followed = false;
    }
  }

  close() {
    this.source.close();
    feeds.delete(this);
  }

  end() {
    this.close();
    if (this.pid) {
      model.lost(this.pid);
      const other = [...feeds].find((each) => each.pid);
      if (other && this.pid === model.model.pid) {
        model.back(other.pid); // the new process has died, and the old one serves again
      }
    }
    if (feeds.size === 0) {
      setTimeout(connect, AGAIN_MS);
      explain();
    }
    changed('lost');
  }
}

/** Whether its last step was to drain, as another process serves. */
function isFollowed(frame) {
  const own = frame.upgrades.filter((each) => each.pid === frame.status.pid);
  return own.length > 0 && own[own.length - 1].step === 'drains';
}

function expectAnother() {
  if (feeds.size === 1) {
    new Feed();
  }
}

async function whoLooks() {
  const answer = await fetch('/v1/session', { cache: 'no-store' });
  const session = answer.ok ? await answer.json() : { role: 'act' };
  model.model.reader = session.role === 'read' ? session.name : '';
  changed('session');
}

/** An event source does not say why it is refused. */
async function explain() {
  try {
    const full = await fetch('/v1/events', { method: 'HEAD', cache: 'no-store' });
    if (full.status === 503) {
      model.model.trouble = 'too many dashboards are open already';
      changed('lost');
      return;
    }
    const answer = await fetch('/v1/status', { cache: 'no-store' });
    const body = await answer.json();
    model.model.trouble = answer.ok ? '' : body.error + (body.hint ? ': ' + body.hint : '');
  } catch {
    model.model.trouble = 'nothing answers at ' + location.host;
  }
  changed('lost');
}

function connect() {
  if (feeds.size === 0) {
    new Feed();
  }
}

/** @param whenChanged is called with the kind of each event */
export function begin(whenChanged) {
  changed = whenChanged;
  connect();
}
