// Numbers and times as a person reads them.

const COUNT = new Intl.NumberFormat('en');
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const count = (n) => (n == null ? '–' : COUNT.format(n));

/** Beyond 100,000 with a letter. */
export const short = (n) => (n == null ? '–' : n < 100000 ? COUNT.format(n) : SHORT.format(n));

export const percent = (share) => Math.round(share * 100) + ' %';

/** A share that is small most of the time. */
export const errors = (share) => (share === 0 ? '0 %' : share < 0.001 ? '< 0.1 %' : (share * 100).toFixed(1) + ' %');

export function rate(n) {
  return n >= 100 ? COUNT.format(Math.round(n)) : n >= 10 ? n.toFixed(0) : n.toFixed(1);
}

/** Milliseconds, to three digits. */
export function millis(ms) {
  if (ms == null) {
    return '–';
  }
  return ms >= 10000 ? (ms / 1000).toFixed(1) + ' s' : ms >= 100 ? COUNT.format(Math.round(ms)) + ' ms'
    : ms >= 10 ? ms.toFixed(1) + ' ms' : ms.toFixed(2) + ' ms';
}

/** A length of time, in its two largest units. */
export function duration(ms) {
  if (ms < 1000) {
    return Math.max(0, Math.round(ms)) + ' ms';
  }
  const seconds = ms / 1000;
  if (seconds < 60) {
    return (seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)) + ' s';
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return minutes + ' min ' + Math.floor(seconds % 60) + ' s';
  }
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? hours + ' h ' + (minutes % 60) + ' min' : Math.floor(hours / 24) + ' d ' + (hours % 24) + ' h';
}

export const clock = (at) => new Date(at).toLocaleTimeString('en-GB');

/** "1 connection", "12 connections". */
export const some = (n, one, many = one + 's') => count(n) + ' ' + (n === 1 ? one : many);
