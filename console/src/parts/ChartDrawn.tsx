/** The drawing of a chart by ECharts; only the parts that are used are carried. */
import { theme } from 'antd';
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use as register } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useTheme } from '../app/theme';
import type { ChartProps } from './Chart';

register([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export default function ChartDrawn({ title, names, series }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const { token } = theme.useToken();
  const { dark } = useTheme();

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const chart = init(element, null, { renderer: 'svg' });
    const text = { color: token.colorText, fontFamily: token.fontFamily };
    const axis = {
      type: 'value' as const,
      axisLabel: text,
      splitLine: { lineStyle: { color: token.colorBorderSecondary } },
    };
    const two = series.some((s) => s.second);
    chart.setOption({
      animation: false,
      color: dark ? ['#7db4ff', '#f0b45a'] : ['#0a4b9c', '#a35c00'],
      textStyle: text,
      tooltip: { trigger: 'axis' },
      legend: { textStyle: text, top: 0 },
      grid: { left: 8, right: 8, bottom: 8, top: 40, containLabel: true },
      xAxis: { type: 'category', data: names, axisLabel: text },
      yAxis: two ? [axis, { ...axis, splitLine: { show: false } }] : axis,
      series: series.map((s) => ({
        name: s.name,
        type: s.second ? ('line' as const) : ('bar' as const),
        data: s.values,
        yAxisIndex: s.second ? 1 : 0,
        barMaxWidth: 36,
      })),
    });
    const sized = new ResizeObserver(() => chart.resize());
    sized.observe(element);
    return () => {
      sized.disconnect();
      chart.dispose();
    };
  }, [names, series, token, dark]);

  return <div ref={holder} className="chart" role="img" aria-label={title} />;
}
