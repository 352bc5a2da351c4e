// What panels are made of.

import { h } from '/dashboard/preact.js';
import { model } from './model.js';

/** A panel with a heading and perhaps buttons. */
export function Panel({ id, title, note, buttons, children, wide }) {
  return h('section', { class: 'panel' + (wide ? ' full' : ''), 'aria-labelledby': id },
    h('header', null, h('h2', { id }, title), note && h('p', { class: 'note' }, note),
      buttons && h('div', { class: 'buttons' }, buttons)),
    children);
}

/** Can be reached and moved by the keyboard where it is wider than its place. */
const reachable = (box) => {
  if (box) {
    box.tabIndex = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight ? 0 : -1;
  }
};

/**
 * A table.
 *
 * @param columns each { head, cell, num, wide }: cell of a row, whether it is a number, whether it is left out on a phone
 * @param keyOf what a row is known by
 * @param tall whether it may be longer than there is room for
 */
export function Table({ label, columns, rows, keyOf, empty, tall }) {
  if (!rows.length) {
    return h('p', { class: 'empty' }, empty);
  }
  const style = (column) => (column.num ? 'num ' : '') + (column.wide ? 'wide' : '') || null;
  return h('div', { class: 'scroll' + (tall ? ' tall' : ''), role: 'group', 'aria-label': label, ref: (box) => reachable(box) },
    h('table', null,
      h('thead', null, h('tr', null, columns.map((column) =>
        h('th', { key: column.head, scope: 'col', class: style(column) }, column.hidden
          ? h('span', { class: 'hidden' }, column.head) : column.head)))),
      h('tbody', null, rows.map((row) => h('tr', { key: keyOf(row) }, columns.map((column, i) =>
        h(i ? 'td' : 'th', Object.assign({ key: column.head, class: style(column) }, i ? {} : { scope: 'row' }), column.cell(row))))))));
}

const GOOD = new Set(['ready', 'up', 'valid', 'true']);
const BAD = new Set(['stopped', 'down', 'full', 'expired', 'missing', 'ejected']);

/** A state: its colour says nothing that its word does not. */
export function State({ word }) {
  return h('span', { class: 'pill ' + (GOOD.has(word) ? 'good' : BAD.has(word) ? 'bad' : 'warn') }, word);
}

/** Of an action: who may only read cannot press it. */
export function Button({ children, onClick, kind, label, disabled }) {
  const title = model.reader ? model.reader + ' may only read' : undefined;
  return h('button', {
    type: 'button', class: kind, onClick, disabled: disabled || Boolean(model.reader), title, 'aria-label': label, 'aria-haspopup': 'dialog',
  }, children);
}
