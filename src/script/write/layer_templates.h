// script/write/layer_templates.h: methods of layers in TorchScript, as layer_source.h says it.
#pragma once

#include <string_view>

namespace okibi::script {

constexpr std::string_view bilinear = R"py(def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
  return torch.bilinear(input1, input2, self.weight, self.bias)
)py";

constexpr std::string_view dropout1d = R"py(def forward(self, input: Tensor) -> Tensor:
  if torch.eq(torch.dim(input), 2):
    alone = torch.feature_dropout(torch.unsqueeze(input, 0), <p>, self.training)
    output = torch.squeeze(alone, 0)
  else:
    output = torch.feature_dropout(input, <p>, self.training)
  return output
)py";

constexpr std::string_view cosine_loss = R"py(def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
  return torch.cosine_embedding_loss(input1, input2, target, <margin>, <reduction>)
)py";

constexpr std::string_view triplet_loss = R"py(def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
  return torch.triplet_margin_loss(anchor, positive, negative, <margin>, <p>, <eps>, <swap>, <reduction>)
)py";

// Rows are renormalised in the table itself, which nobody records.
constexpr std::string_view embedding = R"py(def forward(self, input: Tensor) -> Tensor:
<renorm>  return torch.embedding(self.weight, input, <padding>, <scale_grad_by_freq>, <sparse>)
)py";

constexpr std::string_view renorm =
    "  _0 = torch.embedding_renorm_(torch.detach(self.weight), torch.contiguous(input), <max_norm>, <norm_type>)\n";

constexpr std::string_view embedding_bag =
    R"py(def forward(self, input: Tensor, offsets: Optional[Tensor]=None, per_sample_weights: Optional[Tensor]=None) -> Tensor:
<renorm>  if torch.eq(torch.dim(input), 2):
    if torch.__isnot__(offsets, None):
      ops.prim.RaiseException("if input is 2D, then offsets has to be None, as input is treated as a mini-batch of fixed length sequences")
    else:
      pass
    bags = torch.arange(0, torch.numel(input), torch.size(input, 1), dtype=ops.prim.dtype(input))
    ids = torch.reshape(input, [-1])
    if torch.__isnot__(per_sample_weights, None):
      weights = annotate(Optional[Tensor], torch.reshape(unchecked_cast(Tensor, per_sample_weights), [-1]))
    else:
      weights = annotate(Optional[Tensor], None)
  else:
    if torch.__is__(offsets, None):
      ops.prim.RaiseException("offsets has to be a 1D Tensor where input is one")
    else:
      pass
    bags = unchecked_cast(Tensor, offsets)
    ids = input
    weights = per_sample_weights
  output, _1, _2, _3, = torch.embedding_bag(self.weight, ids, bags, <scale_grad_by_freq>, <mode>, <sparse>, weights, <include_last_offset>, <padding_idx>)
  return output
)py";

// Without a momentum each batch so far weighs the same.
constexpr std::string_view batch_norm = R"py(def forward(self, input: Tensor) -> Tensor:
  if torch.__contains__([<dims>], torch.dim(input)):
    pass
  else:
    ops.prim.RaiseException(torch.format("expected <expected> input (got {}D input)", torch.dim(input)))
<count>  return torch.batch_norm(input, self.weight, self.bias, <mean>, <var>, <by_batch>, <factor>, <eps>, True)
)py";
constexpr std::string_view count = R"py(  if self.training:
    _0 = torch.add_(self.num_batches_tracked, 1)
  else:
    pass
)py";

constexpr std::string_view lstm =
    R"py(def forward(self, input: Tensor, hx: Optional[Tuple[Tensor, Tensor]]=None) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
  is_alone = torch.eq(torch.dim(input), 2)
  if is_alone:
    x = torch.unsqueeze(input, <batch_dim>)
  else:
    x = input
  if torch.__is__(hx, None):
    batch = torch.size(x, <batch_dim>)
    h = torch.zeros([<states>, batch, <state_size>], dtype=ops.prim.dtype(x), device=ops.prim.device(x))
    c = torch.zeros([<states>, batch, <hidden_size>], dtype=ops.prim.dtype(x), device=ops.prim.device(x))
  else:
    h0, c0, = unchecked_cast(Tuple[Tensor, Tensor], hx)
    if is_alone:
      h = torch.unsqueeze(h0, 1)
      c = torch.unsqueeze(c0, 1)
    else:
      h = h0
      c = c0
  out, h1, c1, = torch.lstm(x, [h, c], [<weights>], <bias>, <num_layers>, <dropout>, self.training, <bidirectional>, <batch_first>)
  if is_alone:
    result = (torch.squeeze(out, <batch_dim>), (torch.squeeze(h1, 1), torch.squeeze(c1, 1)))
  else:
    result = (out, (h1, c1))
  return result
)py";

constexpr std::string_view gru =
    R"py(def forward(self, input: Tensor, hx: Optional[Tensor]=None) -> Tuple[Tensor, Tensor]:
  is_alone = torch.eq(torch.dim(input), 2)
  if is_alone:
    x = torch.unsqueeze(input, <batch_dim>)
  else:
    x = input
  if torch.__is__(hx, None):
    batch = torch.size(x, <batch_dim>)
    h = torch.zeros([<states>, batch, <state_size>], dtype=ops.prim.dtype(x), device=ops.prim.device(x))
  else:
    h0 = unchecked_cast(Tensor, hx)
    if is_alone:
      h = torch.unsqueeze(h0, 1)
    else:
      h = h0
  out, h1, = torch.gru(x, h, [<weights>], <bias>, <num_layers>, <dropout>, self.training, <bidirectional>, <batch_first>)
  if is_alone:
    result = (torch.squeeze(out, <batch_dim>), torch.squeeze(h1, 1))
  else:
    result = (out, h1)
  return result
)py";

constexpr std::string_view by_count = "torch.pow(float(self.num_batches_tracked), -1)";

constexpr std::string_view embedding_dropout = R"py(def forward(self, words: Tensor) -> Tensor:
  rows = (self.emb).forward(words, )
  if self.training:
    table = (self.emb).weight
    noise = torch.dropout(torch.ones([torch.size(table, 0)], dtype=ops.prim.dtype(table), device=ops.prim.device(table)), <embed_p>, True)
    output = torch.mul(rows, torch.unsqueeze(torch.reshape(torch.index_select(noise, 0, torch.reshape(words, [-1])), torch.size(words)), -1))
  else:
    output = rows
  return output
)py";

constexpr std::string_view convolution = R"py(def forward(self, input: Tensor) -> Tensor:
  return torch.<op>(<input>, self.weight, self.bias, <[stride]>, <around>, <[dilation]>, <groups>)
)py";
constexpr std::string_view padded = "torch.pad(input, <[_reversed_padding_repeated_twice]>, <padding_mode>)";

constexpr std::string_view adaptive_avg_pool = R"py(def forward(self, input: Tensor) -> Tensor:
  return torch.adaptive_avg_pool<dimensions>d(input, <sizes>)
)py";
constexpr std::string_view adaptive_max_pool = R"py(def forward(self, input: Tensor) -> Tensor:
  output, _0, = torch.adaptive_max_pool<dimensions>d(input, <sizes>)
  return output
)py";

constexpr std::string_view softmax = R"py(def forward(self, input: Tensor) -> Tensor:
  return torch.<op>(input, <dim>)
)py";
constexpr std::string_view softmax_of_any = R"py(def forward(self, input: Tensor) -> Tensor:
  if torch.__contains__([0, 1, 3], torch.dim(input)):
    dim = 0
  else:
    dim = 1
  return torch.<op>(input, dim)
)py";

constexpr std::string_view kl_div = R"py(def forward(self, input: Tensor, target: Tensor) -> Tensor:
  return torch.kl_div(input, target, <reduction>, log_target=<log_target>)
)py";
constexpr std::string_view kl_div_by_batch = R"py(def forward(self, input: Tensor, target: Tensor) -> Tensor:
  total = torch.kl_div(input, target, <reduction>, log_target=<log_target>)
  return torch.div(total, torch.size(input, 0))
)py";

// All with the length first, (length, batch, width), and then (batch · heads, length, head).
constexpr std::string_view attention =
    R"py(def forward(self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Optional[Tensor]=None, need_weights: bool=True, attn_mask: Optional[Tensor]=None, average_attn_weights: bool=True) -> Tuple[Tensor, Optional[Tensor]]:
  is_alone = torch.eq(torch.dim(query), 2)
  if is_alone:
    q0 = torch.unsqueeze(query, 1)
    k0 = torch.unsqueeze(key, 1)
    v0 = torch.unsqueeze(value, 1)
  else:
    q0 = <query>
    k0 = <key>
    v0 = <value>
  length = torch.size(q0, 0)
  batch = torch.size(q0, 1)
  rows = torch.mul(batch, <num_heads>)
  q = torch.transpose(torch.reshape(<q>, [length, rows, <head>]), 0, 1)
  k = torch.transpose(torch.reshape(<k>, [torch.size(k0, 0), rows, <head>]), 0, 1)
  v = torch.transpose(torch.reshape(<v>, [torch.size(v0, 0), rows, <head>]), 0, 1)
<more>  scores = torch.bmm(torch.mul(q, <scale>), torch.transpose(k, 1, 2))
  if torch.__isnot__(attn_mask, None):
    mask = torch.constant_pad_nd(unchecked_cast(Tensor, attn_mask), [0, <added>], 0)
    if torch.eq(ops.prim.dtype(mask), 11):
      scores = torch.masked_fill(scores, mask, torch.neg(inf))
    else:
      scores = torch.add(scores, mask)
  else:
    pass
  if torch.__isnot__(key_padding_mask, None):
    padding = unchecked_cast(Tensor, key_padding_mask)
    if is_alone:
      padding = torch.unsqueeze(padding, 0)
    else:
      pass
    padding = torch.constant_pad_nd(padding, [0, <added>], 0)
    keys = torch.size(padding, 1)
    hidden = torch.reshape(padding, [batch, 1, 1, keys])
    by_batch = torch.reshape(scores, [batch, <num_heads>, length, keys])
    if torch.eq(ops.prim.dtype(hidden), 11):
      by_batch = torch.masked_fill(by_batch, hidden, torch.neg(inf))
    else:
      by_batch = torch.add(by_batch, hidden)
    scores = torch.reshape(by_batch, [rows, length, keys])
  else:
    pass
  weights = torch.dropout(torch.softmax(scores, -1), <dropout>, self.training)
  lines = torch.reshape(torch.transpose(torch.bmm(weights, v), 0, 1), [length, batch, <embed_dim>])
  y = (self.out_proj).forward(lines, )
  if is_alone:
    output = torch.squeeze(y, 1)
  else:
    output = <output>
  if need_weights:
    by_heads = torch.reshape(weights, [batch, <num_heads>, length, torch.size(weights, 2)])
    if average_attn_weights:
      by_heads = torch.mul(torch.sum(by_heads, [1]), <each>)
    else:
      pass
    if is_alone:
      by_heads = torch.squeeze(by_heads, 0)
    else:
      pass
    result = (output, annotate(Optional[Tensor], by_heads))
  else:
    result = (output, annotate(Optional[Tensor], None))
  return result
)py";
constexpr std::string_view more_by_bias =
    R"py(  k = torch.cat([k, torch.repeat(torch.reshape(self.bias_k, [<num_heads>, 1, <head>]), [batch, 1, 1])], 1)
  v = torch.cat([v, torch.repeat(torch.reshape(self.bias_v, [<num_heads>, 1, <head>]), [batch, 1, 1])], 1)
)py";
constexpr std::string_view more_by_zeros = R"py(  k = torch.constant_pad_nd(k, [0, 0, 0, 1], 0)
  v = torch.constant_pad_nd(v, [0, 0, 0, 1], 0)
)py";

constexpr std::string_view feed_forward =
    "(self.dropout2).forward((self.linear2).forward((self.dropout).forward(<activation>((self.linear1).forward(in1, ), ), "
    "), ), )";
constexpr std::string_view encoder_layer =
    R"py(def forward(self, src: Tensor, src_mask: Optional[Tensor]=None, src_key_padding_mask: Optional[Tensor]=None, is_causal: bool=False) -> Tensor:
  attended, _0, = (self.self_attn).forward(src, src, src, src_key_padding_mask, False, src_mask, )
  in1 = (self.norm1).forward(torch.add(src, (self.dropout1).forward(attended, )), )
  return (self.norm2).forward(torch.add(in1, <feed>), )
)py";
constexpr std::string_view encoder_layer_norm_first =
    R"py(def forward(self, src: Tensor, src_mask: Optional[Tensor]=None, src_key_padding_mask: Optional[Tensor]=None, is_causal: bool=False) -> Tensor:
  in0 = (self.norm1).forward(src, )
  attended, _0, = (self.self_attn).forward(in0, in0, in0, src_key_padding_mask, False, src_mask, )
  x = torch.add(src, (self.dropout1).forward(attended, ))
  in1 = (self.norm2).forward(x, )
  return torch.add(x, <feed>)
)py";
constexpr std::string_view encoder =
    R"py(def forward(self, src: Tensor, mask: Optional[Tensor]=None, src_key_padding_mask: Optional[Tensor]=None, is_causal: Optional[bool]=None) -> Tensor:
  x = src
<layers>  return <result>
)py";

}  // namespace okibi::script
