/** Times on the deployment's clock, in the city's time (UTC+8), and how far away they are. */
import { ClockCircleOutlined } from '@ant-design/icons';
import { Tag } from 'antd';
import { useDeployment } from '../api/queries';
import type { Instant } from '../api/types';
import { dateOf } from '../i18n/date';
import { useTexts } from '../i18n';
import type { Lang, Texts } from '../i18n';

const ZONE = 'Asia/Shanghai';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Day and minute, the same order in both languages so that columns line up; the number where it is no date. */
export function dateTime(at: Instant, lang: Lang): string {
  if (!dateOf(at)) return String(at);
  const parts = new Intl.DateTimeFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: ZONE,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`;
}

/** The day alone. */
export function day(at: Instant): string {
  return dateTime(at, 'en').slice(0, 10);
}

/** Midnight at the start of a day of the city. */
export function startOfDay(text: string): Instant {
  return Date.parse(`${text}T00:00:00+08:00`);
}

/** A time. */
export function Time({ at }: { at: Instant }) {
  const { lang } = useTexts();
  return (
    <time dateTime={dateOf(at)?.toISOString()} className="nowrap">
      {dateTime(at, lang)}
    </time>
  );
}

/** Now on the deployment's clock, to the minute; `undefined` until it is known. */
export function useNow(): Instant | undefined {
  return useDeployment().data?.now;
}

/** A distance in words: days, else hours, else minutes. */
export function distance(ms: number, t: Texts['t']): string {
  const far = Math.abs(ms);
  if (far >= DAY) return t('time.days', { n: Math.floor(far / DAY) });
  if (far >= HOUR) return t('time.hours', { n: Math.floor(far / HOUR) });
  return t('time.minutes', { n: Math.max(1, Math.floor(far / MINUTE)) });
}

/** A time by which something happens, with the distance in words; close and past ones stand out. */
export function Deadline({ at }: { at: Instant }) {
  const { t } = useTexts();
  const now = useNow();
  if (now === undefined) return <Time at={at} />;
  const left = at - now;
  const colour = left < 0 ? 'error' : left < 3 * DAY ? 'warning' : 'default';
  return (
    <span className="deadline">
      <Tag color={colour} icon={<ClockCircleOutlined />}>
        {left < 0
          ? t('time.overdue', { far: distance(left, t) })
          : t('time.left', { far: distance(left, t) })}
      </Tag>
      <Time at={at} />
    </span>
  );
}
