"""Records and what stands around them: objects, employees, events, the business."""
