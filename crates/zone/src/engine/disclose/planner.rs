//! Logical release operator to physical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::Disclose;
use super::exec::DiscloseExec;

/// Query planner of sessions that run cleared plans.
#[derive(Debug)]
pub struct DisclosePlanner;

#[async_trait]
impl datafusion::execution::context::QueryPlanner for DisclosePlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]);
        planner.create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for DisclosePlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(disclose), [input]) = (node.as_any().downcast_ref::<Disclose>(), inputs) else {
            return Ok(None);
        };
        let schema = Arc::clone(disclose.schema.inner());
        Ok(Some(Arc::new(DiscloseExec::new(Arc::clone(input), Arc::clone(&disclose.demands), schema))))
    }
}
