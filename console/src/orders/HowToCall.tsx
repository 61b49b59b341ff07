/** How an application calls a product: one ticket for the access key, then the zone's endpoint. */
import { useDeployment } from '../api/queries';
import { useTexts } from '../i18n';
import { Part } from '../parts/Page';

/** The two calls, ready to copy; the access key itself is known to the consumer alone. */
export function HowToCall({ product }: { product: string }) {
  const { t } = useTexts();
  const zone = useDeployment().data?.zone_endpoint ?? '';
  const origin = window.location.origin;
  const text = [
    'KEY=yk_…',
    `curl -s -X POST ${origin}/api/v1/tickets -H "Authorization: Bearer $KEY" > answer.json`,
    'TICKET=$(jq -cS .ticket answer.json | tr -d "\\n" | base64 -w0)',
    `curl -s "${zone}/data/v1/products/${product}/rows?limit=100" \\`,
    '  -H "Authorization: Bearer $KEY" -H "Yunyu-Ticket: $TICKET"',
  ].join('\n');
  return (
    <Part title={t('order.howToCall')}>
      <p>{t('order.howToCallText')}</p>
      <pre className="code">{text}</pre>
    </Part>
  );
}
