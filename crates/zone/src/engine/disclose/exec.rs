//! The release operator at work: it takes all groups in, judges them together and gives the released rows in one batch.

use std::fmt;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, Partitioning, PhysicalExpr,
    PlanProperties, SendableRecordBatchStream,
};
use futures::StreamExt;

use super::{Demands, suppress};

/// The operator in a physical plan.
#[derive(Debug)]
pub struct DiscloseExec {
    input: Arc<dyn ExecutionPlan>,
    demands: Arc<Demands>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DiscloseExec {
    /// The operator over an input whose first columns are the schema's.
    pub fn new(input: Arc<dyn ExecutionPlan>, demands: Arc<Demands>, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self { input, demands, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for DiscloseExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "DiscloseExec")
    }
}

impl ExecutionPlan for DiscloseExec {
    fn name(&self) -> &str {
        "DiscloseExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input, Arc::clone(&self.demands), Arc::clone(&self.schema)))),
            Err(_) => datafusion::common::internal_err!("Disclose has one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 || self.input.output_partitioning().partition_count() != 1 {
            return datafusion::common::internal_err!("Disclose judges all groups together");
        }
        let mut input = self.input.execute(0, Arc::clone(&context))?;
        let (demands, schema) = (Arc::clone(&self.demands), Arc::clone(&self.schema));
        let released = async move {
            let memory = MemoryConsumer::new("Disclose").register(context.memory_pool());
            let mut batches = Vec::new();
            while let Some(batch) = input.next().await {
                let batch = batch?;
                memory.try_grow(batch.get_array_memory_size())?;
                batches.push(batch);
            }
            let groups = concat_batches(&input.schema(), &batches).map_err(DataFusionError::from)?;
            suppress::release(&groups, &demands, &schema).await
        };
        let stream = futures::stream::once(released);
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream)))
    }
}
