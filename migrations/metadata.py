"""Every model, imported once, so that the metadata is complete."""

from __future__ import annotations

import neighbour.accounts.models
import neighbour.contributions.models
import neighbour.contributions.photo_models
import neighbour.core.audit
import neighbour.core.jobs
import neighbour.core.limits
import neighbour.digests.models
import neighbour.events.models
import neighbour.feed.models
import neighbour.initiatives.models
import neighbour.mydata.models
import neighbour.notices.models
import neighbour.offers.models
import neighbour.posts.models
import neighbour.quarters.models
import neighbour.residency.cases.models
import neighbour.residency.code_models
import neighbour.residency.gazetteer.models
import neighbour.residency.models
import neighbour.search.models  # noqa: F401
from neighbour.core.db import Base

metadata = Base.metadata
