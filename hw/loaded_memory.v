// Memory with an output register: what is read in one clock is there two clocks later.
module augend_loaded_memory #(
    parameter WIDTH = 1,
    parameter DEPTH = 1,
    parameter ADDRESS = 1
) (
    input                    clk,
    input      [ADDRESS-1:0] address,
    input                    enable,
    output reg [WIDTH-1:0]   data,
    input                    load,
    input      [ADDRESS-1:0] load_address,
    input      [WIDTH-1:0]   load_data
);
    (* no_rw_check *)
    reg [WIDTH-1:0] rows [0:DEPTH-1];
    reg [WIDTH-1:0] read;

    always @(posedge clk) begin
        if (enable) read <= rows[address];
        data <= read;
        if (load) rows[load_address] <= load_data;
    end
endmodule
