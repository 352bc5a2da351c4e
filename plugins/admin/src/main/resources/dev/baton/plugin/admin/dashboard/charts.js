// The signs of life: a number and its last five minutes.

import { h, Component } from '/dashboard/preact.js';
import uPlot from '/dashboard/uplot.js';
import { model, shown } from './model.js';
import { rate, millis, count } from './format.js';

const HEIGHT = 52;

class Chart extends Component {
  componentDidMount() {
    this.make();
    this.sizes = new ResizeObserver(() => this.plot.setSize({ width: this.box.clientWidth, height: HEIGHT }));
    this.sizes.observe(this.box);
    this.theme = matchMedia('(prefers-color-scheme: dark)');
    this.again = () => {
      this.plot.destroy();
      this.make();
    };
    this.theme.addEventListener('change', this.again);
  }

  make() {
    const colour = getComputedStyle(this.box).getPropertyValue(this.props.colour).trim();
    const none = { show: false };
    this.plot = new uPlot({
      width: this.box.clientWidth,
      height: HEIGHT,
      padding: [4, 0, 2, 0],
      cursor: none,
      legend: none,
      axes: [none, none],
      scales: {
        x: { range: (u, min, max) => [Math.min(min, max - 60), max] },
        y: { range: (u, min, max) => [0, Math.max(this.props.floor, max * 1.1)] },
      },
      series: [{}, { stroke: colour, fill: colour + '22', width: 1.5, points: none }],
    }, this.data(), this.box);
  }

  data() {
    return [model.series.at, model.series[this.props.name]];
  }

  componentDidUpdate() {
    this.plot.setData(this.data());
  }

  shouldComponentUpdate(next) {
    return next.at !== this.props.at;
  }

  componentWillUnmount() {
    this.sizes.disconnect();
    this.theme.removeEventListener('change', this.again);
    this.plot.destroy();
  }

  render({ label }) {
    return h('div', { class: 'chart', role: 'img', 'aria-label': label, ref: (box) => { this.box = box || this.box; } });
  }
}

function Vital({ title, name, words, unit, colour, floor, at }) {
  const values = model.series[name];
  const value = values.length ? values[values.length - 1] : 0;
  const most = values.length ? Math.max(...values) : 0;
  return h('div', { class: 'vital' },
    h('p', { class: 'title' }, title),
    h('p', { class: 'value' }, words(value), unit && h('span', null, ' ' + unit)),
    h('p', { class: 'most' }, 'at most ' + words(most)),
    h(Chart, { name, colour, floor, at, label: title + ', the last five minutes: now ' + words(value) + ', at most ' + words(most) }));
}

export function Vitals() {
  const process = shown();
  const at = process && process.tables ? process.tables.at : 0;
  return h('section', { class: 'vitals', 'aria-label': 'Signs of life' },
    h(Vital, { title: 'Requests', name: 'requests', words: rate, unit: 'a second', colour: '--accent', floor: 5, at }),
    h(Vital, { title: 'Slowest route, p99', name: 'slowest', words: millis, colour: '--warn', floor: 5, at }),
    h(Vital, { title: 'Connections', name: 'connections', words: count, colour: '--teal', floor: 5, at }),
    h(Vital, { title: 'Taken over', name: 'takeovers', words: rate, unit: 'a second', colour: '--violet', floor: 5, at }));
}
