"""From a model's Markdown to Discord messages: translate, split, make safe, stream by edits."""
