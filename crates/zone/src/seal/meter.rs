//! How many rows of sealed tables were read, out of how many. A metered scan takes no condition, so that no row is passed
//! over for what it holds. What reads the scan may stop early, when nothing can match any more: that shows here as it
//! shows in the time a job takes.

use datafusion::common::Result;
use datafusion::common::Statistics;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, SendableRecordBatchStream,
};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows read and rows to be read by the scans that share it.
#[derive(Debug, Default)]
pub struct Meter {
    read: AtomicU64,
    of: AtomicU64,
}

impl Meter {
    /// Rows read so far, and all rows of the tables that are being read.
    #[must_use]
    pub fn now(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }

    /// Counts anew.
    pub fn restart(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.of.store(0, Ordering::Relaxed);
    }

    /// A scan that counts here, over a table of so many rows.
    pub(super) fn scan(self: &Arc<Self>, scan: Arc<dyn ExecutionPlan>, rows: usize) -> Arc<dyn ExecutionPlan> {
        self.of.fetch_add(rows as u64, Ordering::Relaxed);
        Arc::new(MeteredScan { scan, meter: Arc::clone(self) })
    }
}

/// A scan whose rows are counted. It is a leaf to the planner: what it does not see, it hands no condition down to.
#[derive(Debug)]
struct MeteredScan {
    scan: Arc<dyn ExecutionPlan>,
    meter: Arc<Meter>,
}

impl DisplayAs for MeteredScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "MeteredScan")
    }
}

impl ExecutionPlan for MeteredScan {
    fn name(&self) -> &str {
        "MeteredScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.scan.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn repartitioned(&self, partitions: usize, config: &ConfigOptions) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let split = self.scan.repartitioned(partitions, config)?;
        Ok(split.map(|scan| Arc::new(Self { scan, meter: Arc::clone(&self.meter) }) as Arc<dyn ExecutionPlan>))
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        #[expect(deprecated, reason = "the scan under it has no inputs, and answers only here")]
        self.scan.partition_statistics(partition)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.scan.execute(partition, context)?;
        let meter = Arc::clone(&self.meter);
        let schema = rows.schema();
        let counted = rows.inspect(move |batch| {
            if let Ok(batch) = batch {
                meter.read.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }
}
